namespace Millrace.Shared;

/// <summary>Apache Kafka beside the checkout, or where KAFKA_PEERS says: its broker and its clients.</summary>
internal static class Peers
{
    /// <summary>One of the peers' programs; skips the test where they are absent.</summary>
    public static string Program(string name)
    {
        var peers = Environment.GetEnvironmentVariable("KAFKA_PEERS") is { Length: > 0 } folder
            ? folder
            : Checkout.File("..", "shared", "peers");
        var program = Path.Combine(peers, "bin", name);
        Assert.SkipUnless(File.Exists(program), $"no Apache Kafka: {program} does not exist, nor is KAFKA_PEERS set");
        return program;
    }
}
