namespace Millrace.Integration.Connect;

/// <summary>The one place that says where we differ from Debezium, and why.</summary>
internal static class DeliberateDifferences
{
    /// <summary>Cases that are not replayed.</summary>
    public static readonly IReadOnlyDictionary<string, string> Skipped = new Dictionary<string, string>
    {
    };

    public static bool DropsTopic(string topic) => topic.EndsWith(".message", StringComparison.Ordinal);

    public static string? Theirs(string name, string? value)
    {
        _ = name;
        return value;
    }

    public static string? Ours(string name, string? value)
    {
        _ = name;
        return value;
    }

    public static string TheirSchema(string name, string schema)
    {
        _ = name;
        return schema;
    }

    public static string OurSchema(string name, string schema)
    {
        _ = name;
        return schema;
    }
}
