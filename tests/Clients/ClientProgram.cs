using System.Diagnostics;
using System.Globalization;
using Confluent.Kafka;
using Millrace.Shared;

namespace Millrace.Clients;

/// <summary>
/// A client library of another language at work in a small program of its own, which knows these commands:
/// <list type="bullet">
/// <item><c>round-trip BOOTSTRAP CODEC OUT IN COUNT</c> writes the records of its input, one JSON object a line, to
/// topic OUT, then reads COUNT records of topic IN and prints them in the same form;</item>
/// <item><c>member BOOTSTRAP GROUP TOPIC</c> (<c>consumer</c> behind it for the new protocol) is a member of a
/// group until its input ends; it prints
/// <c>assigned P P...</c>, <c>record PARTITION OFFSET</c> and at last <c>left</c>;</item>
/// <item><c>large BOOTSTRAP TOPIC</c> writes a record of 900,000 bytes, then one too large, and reads one;</item>
/// <item><c>transact BOOTSTRAP TOPIC GROUP IN</c> writes "aborted" to TOPIC in a transaction that it aborts, then
/// "committed" in one that commits the group's position behind IN's first record as well, and prints <c>read VALUE</c>
/// of the first record that it reads with read_committed;</item>
/// <item><c>version</c> prints the client's;</item>
/// <item><c>admin BOOTSTRAP TOPIC FILLED</c> makes, changes and deletes TOPIC, and asks for offsets of FILLED.</item>
/// </list>
/// </summary>
internal sealed record ClientProgram(string Program, string[] Arguments, Func<Message<byte[]?, byte[]?>, bool> CanWrite)
{
    public const string KafkaPython = "kafka-python";
    public const string ConfluentPython = "confluent-kafka-python";
    public const string KafkaJs = "kafkajs";
    public const string Platformatic = "@platformatic/kafka";
    public const string Java = "Java";

    private const int PlatformaticsNode = 20;

    public static readonly string[] Languages = [KafkaPython, ConfluentPython, KafkaJs, Platformatic, Java];

    /// <summary>Each as a test of its own, for the table of clients.</summary>
    public static IEnumerable<TheoryDataRow<string>> Rows(params IEnumerable<string> languages) =>
        languages.Select(language => new TheoryDataRow<string>(language).WithTrait(ClientTable.Client, language));

    /// <summary>Skips the test where the language's client is absent.</summary>
    public static ClientProgram Of(string language) => language switch
    {
        KafkaPython => new("/usr/bin/python3", [Source("py", "client.py")], HasPayloadAndHeaders),
        ConfluentPython => new("/usr/bin/python3", [Source("py", "confluent.py")], _ => true),
        KafkaJs => new("node", [Source("js", "client.js")], HasHeaders),
        Platformatic => new("node", PlatformaticArguments(), HasHeaders),
        Java => new("env", JavaArguments(), _ => true),
        _ => throw new ArgumentException($"there is no client '{language}'"),
    };

    public async Task<string> Version() => (await Run("", "version")).Trim();

    public Task<string> Run(string input, params string[] arguments) =>
        ChildProcess.Run(input, Program, [.. Arguments, .. arguments]);

    public ChildProcess Start(params string[] arguments) => ChildProcess.Start(Program, [.. Arguments, .. arguments]);

    private static string Source(string folder, string file) => Checkout.File("tests", "Clients", folder, file);

    /// <summary>kafkajs and kafka-python read null header values, but refuse to write them.</summary>
    private static bool HasHeaders(Message<byte[]?, byte[]?> record) =>
        record.Headers is null || record.Headers.All(header => header.GetValueBytes() is not null);

    /// <summary>kafka-python wants a key or a value.</summary>
    private static bool HasPayloadAndHeaders(Message<byte[]?, byte[]?> record) =>
        HasHeaders(record) && (record.Key ?? record.Value) is not null;

    private static string[] PlatformaticArguments()
    {
        using var node = Process.Start(new ProcessStartInfo("node", "--version") { RedirectStandardOutput = true })!;
        var version = node.StandardOutput.ReadToEnd().Trim();
        Assert.SkipUnless(
            int.Parse(version.Split('.')[0].TrimStart('v'), CultureInfo.InvariantCulture) >= PlatformaticsNode,
            $"@platformatic/kafka needs Node {PlatformaticsNode}, here is {version}");
        return [Source("js", "platformatic.mjs")];
    }

    private static string[] JavaArguments() =>
        ["JVM=-XX:TieredStopAtLevel=1", Peers.Program("java-run"), Source("java", "Client.java")];
}
