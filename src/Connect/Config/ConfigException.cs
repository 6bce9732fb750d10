namespace Millrace.Connect.Config;

/// <summary>A connector property that cannot be used as it is: which, its value, and what to do about it.</summary>
public sealed class ConfigException(string key, string? value, string remedy)
    : Exception($"{key}{(value is null ? "" : $" = '{value}'")}: {remedy}")
{
    public string Key { get; } = key;

    public string? Value { get; } = value;

    public string Remedy { get; } = remedy;
}
