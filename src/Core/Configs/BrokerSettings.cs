namespace Millrace.Core.Configs;

/// <summary>A setting that can't be used: which, why, and what to do about it.</summary>
public sealed class InvalidConfigException(string key, string? value, string remedy)
    : Exception($"{key}={value}: {remedy}")
{
    public string Key { get; } = key;
}

/// <summary>The broker's settings as they were given at the start, over their defaults. Immutable.</summary>
public sealed class BrokerSettings
{
    private readonly Dictionary<string, string> _given = [];

    /// <exception cref="InvalidConfigException">A key is unknown, a value is not legal, or two contradict each
    /// other.</exception>
    public BrokerSettings(IEnumerable<KeyValuePair<string, string>> given)
    {
        foreach (var (key, value) in given)
        {
            var config = BrokerConfigs.Find(key)
                ?? throw new InvalidConfigException(key, value, $"no such setting{Suggestion(key)}");
            if (config.WhatIsWrong(value) is { } problem)
                throw new InvalidConfigException(key, value, problem);
            _given[key] = value;
        }

        GroupConfigs.Check(this);
    }

    internal int NodeId => Int("node.id");

    internal int Int(string key) => int.Parse(Text(key));

    internal long Long(string key) => long.Parse(Text(key));

    internal double Double(string key) => double.Parse(Text(key));

    internal bool Boolean(string key) => bool.Parse(Text(key));

    internal string Text(string key) => Find(key, out _)
        ?? throw new KeyNotFoundException($"{key} has no value and no default.");

    /// <summary>The value in force and where it comes from; null where neither a value nor a default exists.</summary>
    internal string? Find(string key, out ConfigSource source)
    {
        if (_given.TryGetValue(key, out var text))
        {
            source = ConfigSource.StaticBroker;
            return text;
        }

        source = ConfigSource.Default;
        return BrokerConfigs.Find(key)?.Default;
    }

    /// <summary>
    /// What a topic's setting is where the topic says nothing: the broker's synonym, else the default.
    /// </summary>
    internal string TopicDefault(ConfigDefinition topic, out ConfigSource source)
    {
        source = ConfigSource.StaticBroker;
        if (topic.BrokerSynonym is { } synonym && _given.TryGetValue(synonym, out var text))
            return text;
        if (InHours(topic.Name) is { } hours && _given.TryGetValue(hours, out text))
            return text == "-1" ? text : (long.Parse(text) * 3_600_000).ToString();
        source = ConfigSource.Default;
        return topic.Default!;
    }

    private static string? InHours(string topicConfig) => topicConfig switch
    {
        "retention.ms" => "log.retention.hours",
        "segment.ms" => "log.roll.hours",
        _ => null,
    };

    /// <summary>
    /// Where to turn: to the option that has the setting's place, or to a setting of almost the same name.
    /// </summary>
    private static string Suggestion(string key)
    {
        if (key == "listeners")
            return "; --kafka says where to listen";
        if (key is "log.dir" or "log.dirs")
            return "; --data says where the logs are";
        var nearest = BrokerConfigs.All.Select(config => config.Name).MinBy(name => Distance(name, key))!;
        return Distance(nearest, key) <= key.Length / 3 ? $"; the nearest is {nearest}" : "";
    }

    /// <summary>Levenshtein's distance.</summary>
    private static int Distance(string left, string right)
    {
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var cost = Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (left[i - 1] == right[j - 1] ? 0 : 1));
                diagonal = row[j];
                row[j] = cost;
            }
        }

        return row[right.Length];
    }
}
