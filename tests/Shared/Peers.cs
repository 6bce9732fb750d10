namespace Millrace.Shared;

/// <summary>
/// Apache Kafka beside the checkout, or where KAFKA_PEERS says: its broker, clients and recorded answers.
/// </summary>
internal static class Peers
{
    private static readonly string Folder = Environment.GetEnvironmentVariable("KAFKA_PEERS") is { Length: > 0 } folder
        ? folder
        : Checkout.File("..", "shared", "peers");

    /// <summary>One of the peers' programs; skips the test where they are absent.</summary>
    public static string Program(string name) => Require("bin", name);

    /// <summary>A file or folder of the peers; skips the test where they are absent.</summary>
    public static string Require(params ReadOnlySpan<string> names)
    {
        var path = Path.Combine([Folder, .. names]);
        Assert.SkipUnless(Path.Exists(path), $"no Apache Kafka: {path} does not exist, nor is KAFKA_PEERS set");
        return path;
    }

    /// <summary>The same, null where it is absent.</summary>
    public static string? Find(params ReadOnlySpan<string> names) =>
        Path.Combine([Folder, .. names]) is var path && Path.Exists(path) ? path : null;
}
