namespace Millrace.Integration.Connect;

/// <summary>The one place that says where we differ from Debezium, and why.</summary>
internal static class DeliberateDifferences
{
    /// <summary>Cases that are not replayed.</summary>
    public static readonly IReadOnlyDictionary<string, string> Skipped = new Dictionary<string, string>
    {
        ["no-primary-key"] = "refused at start with the cure: publishing tables without identity breaks their UPDATE",
        ["message-key-columns"] = "refused at start with the cure: deletes of table b would carry an invented key",
    };

    /// <summary>Logical messages are not captured yet.</summary>
    public static bool DropsTopic(string topic) => topic.EndsWith(".message", StringComparison.Ordinal);

    /// <summary>Debezium's snapshot writes key 0 when the key column is excluded; ours is the real key.</summary>
    public static string? TheirKey(string name, string? key) => HasInventedKeys(name) ? Digits(key) : key;

    public static string? OurKey(string name, string? key) => HasInventedKeys(name) ? Digits(key) : key;

    public static string? Theirs(string name, string? value) => value;

    public static string? Ours(string name, string? value) => value;

    public static string TheirSchema(string name, string schema) => schema;

    public static string OurSchema(string name, string schema) => schema;

    private static bool HasInventedKeys(string name) => name is "columns-exclude" or "columns-include";

    private static string? Digits(string? key) =>
        key is null ? null : new string([.. key.Select(c => char.IsAsciiDigit(c) ? '0' : c)]);
}
