namespace Millrace.Connect.Config;

internal enum PropertyType
{
    Text,
    Secret,
    Flag,
    Int,
    Long,
    Choice,
    RegexList,
    List,
}

/// <summary>One connector property, defined once: the parser, its checks and the documentation derive from it.
/// </summary>
internal sealed record Property(string Name, PropertyType Type, string? Default, string Doc)
{
    /// <summary>The values of a <see cref="PropertyType.Choice"/>.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    public long Min { get; init; } = long.MinValue;

    public long Max { get; init; } = long.MaxValue;

    public bool Required { get; init; }

    /// <summary>Known from Debezium but without effect here: refused unless it keeps its default.</summary>
    public bool Unsupported { get; init; }
}
