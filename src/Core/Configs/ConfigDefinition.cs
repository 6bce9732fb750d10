namespace Millrace.Core.Configs;

/// <summary>Kafka's types of configuration values, by their numbers in DescribeConfigs.</summary>
internal enum ConfigType : sbyte
{
    Boolean = 1,
    String = 2,
    Int = 3,
    Short = 4,
    Long = 5,
    Double = 6,
    List = 7,
    Class = 8,
    Password = 9,
}

/// <summary>Where a value comes from, by Kafka's numbers in DescribeConfigs.</summary>
internal enum ConfigSource : sbyte
{
    DynamicTopic = 1,
    DynamicBroker = 2,
    DynamicDefaultBroker = 3,
    StaticBroker = 4,
    Default = 5,
    DynamicGroup = 8,
}

/// <summary>One setting, defined once: parsing, validation, DescribeConfigs and documentation derive from it.</summary>
/// <param name="Name">Kafka's dotted name.</param>
/// <param name="Type">What its text must be.</param>
/// <param name="Default">The text of the value where none is given; null where Kafka has none.</param>
/// <param name="Documentation">One sentence for users.</param>
/// <param name="Rule">What the value must keep besides its type.</param>
internal sealed record ConfigDefinition(
    string Name, ConfigType Type, string? Default, string Documentation, ConfigRule? Rule = null)
{
    /// <summary>The broker's setting that gives a topic's setting its default.</summary>
    public string? BrokerSynonym { get; init; }

    /// <summary>The synonym counts in other units (hours for ms), so DescribeConfigs leaves it out.</summary>
    public bool IsSynonymInOtherUnits { get; init; }

    /// <summary>Null when the text is a legal value; otherwise what it must be.</summary>
    public string? WhatIsWrong(string? text)
    {
        if (text is null)
            return "must not be null";
        var problem = Type switch
        {
            ConfigType.Boolean => bool.TryParse(text, out _) ? null : "must be true or false",
            ConfigType.Int => int.TryParse(text, out _) ? null : "must be a whole number of 32 bits",
            ConfigType.Short => short.TryParse(text, out _) ? null : "must be a whole number of 16 bits",
            ConfigType.Long => long.TryParse(text, out _) ? null : "must be a whole number of 64 bits",
            ConfigType.Double => double.TryParse(text, out _) ? null : "must be a number",
            _ => null,
        };
        return problem ?? Rule?.WhatIsWrong(this, text);
    }
}

/// <summary>A bound on a setting's value.</summary>
internal sealed class ConfigRule
{
    private readonly Func<string, bool> _holds;
    private readonly string _demand;

    private ConfigRule(string demand, Func<string, bool> holds)
    {
        _demand = demand;
        _holds = holds;
    }

    /// <summary>Pairs partition:broker, or a single asterisk.</summary>
    public static readonly ConfigRule ThrottledReplicas = new(
        "must be * or pairs partition:broker",
        item => item == "*" || item.Split(':') is [var partition, var broker]
            && int.TryParse(partition, out _) && int.TryParse(broker, out _));

    /// <summary>latest, earliest, or by_duration: and an ISO 8601 duration that is not negative.</summary>
    public static readonly ConfigRule OffsetReset = new(
        "must be latest, earliest or by_duration:PnDTnHnMn.nS",
        text => text is "latest" or "earliest"
            || (text.StartsWith("by_duration:", StringComparison.Ordinal)
                && Iso8601.TryParseDuration(text["by_duration:".Length..], out _)));

    public static ConfigRule AtLeast(double least) =>
        new($"must be at least {least}", text => double.Parse(text) >= least);

    public static ConfigRule Between(double least, double most) =>
        new($"must lie between {least} and {most}", text => double.Parse(text) >= least && double.Parse(text) <= most);

    public static ConfigRule BetweenOr(double other, double least, double most) =>
        new($"must be {other} or lie between {least} and {most}", text => double.Parse(text) is var value
            && (value == other || (value >= least && value <= most)));

    /// <summary>One of the words, by case; for a list each of its items; for a boolean whatever the case.</summary>
    public static ConfigRule Among(params string[] words) =>
        new($"must be one of {string.Join(", ", words)}", words.Contains);

    public string? WhatIsWrong(ConfigDefinition config, string text) => config.Type switch
    {
        ConfigType.List => ConfigText.IsBlank(text) || ConfigText.Parts(text).All(_holds) ? null : _demand,
        ConfigType.Boolean => _holds(text.ToLowerInvariant()) ? null : _demand,
        _ => _holds(text) ? null : _demand,
    };
}

/// <summary>Reads the text of configuration values.</summary>
internal static class ConfigText
{
    /// <summary>The items of a list, trimmed; an empty text has none.</summary>
    public static string[] Items(string text) =>
        text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>What stands between the commas of a list, be it nothing.</summary>
    public static string[] Parts(string text) => text.Split(',', StringSplitOptions.TrimEntries);

    public static bool IsBlank(string text) => string.IsNullOrWhiteSpace(text);
}
