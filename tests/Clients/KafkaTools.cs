using System.Text.Json;
using Millrace.Shared;

namespace Millrace.Clients;

/// <summary>A broker with a topic that Kafka's own tools administer.</summary>
public sealed class AdministeredBroker : IAsyncLifetime
{
    private MillraceServer? _server;

    internal MillraceServer Server => _server ?? throw new InvalidOperationException("not started");

    public async ValueTask InitializeAsync()
    {
        if (Peers.Find("bin", "java-run") is null)
            return;
        _server = await MillraceServer.Start();
        await Tool("TopicCommand", "--create", "--topic", "orders", "--partitions", "3");
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
    }

    /// <summary>What a tool of Apache Kafka prints; skips the test where there is none.</summary>
    internal Task<string> Tool(string name, params string[] arguments) => Run("", name, arguments);

    internal Task<string> Run(string input, string name, params string[] arguments)
    {
        var java = Peers.Program("java-run");
        return ChildProcess.Run(
            input, "env",
            ["JVM=-XX:TieredStopAtLevel=1", java, "org.apache.kafka.tools." + name, "--bootstrap-server",
                Server.Bootstrap, .. arguments]);
    }
}

/// <summary>Kafka's own command-line tools, unmodified, say here what they say of Kafka.</summary>
[Trait(ClientTable.Client, ClientTable.KafkasTools)]
public sealed class KafkaTools(AdministeredBroker broker) : IClassFixture<AdministeredBroker>
{
    public static IEnumerable<TheoryDataRow<string>> Protocols =>
        from protocol in new[] { "classic", "consumer" }
        select new TheoryDataRow<string>(protocol).WithTrait(ClientTable.Feature, protocol + " group");

    [Theory]
    [InlineData("TopicCommand --describe --topic orders", "Partition: 2\tLeader: 1\tReplicas: 1\tIsr: 1\tElr: ")]
    [InlineData("LogDirsCommand --describe", "\"partition\":\"orders-0\",\"size\":0")]
    [InlineData("MetadataQuorumCommand describe --status", "LeaderId:               1")]
    [InlineData("MetadataQuorumCommand describe --replication", "Leader")]
    [InlineData("GetOffsetShell --topic orders --time -1", "orders:2:0")]
    [InlineData("LeaderElectionCommand --election-type preferred --topic orders --partition 0", "already elected")]
    [InlineData("reassign.ReassignPartitionsCommand --list", "No partition reassignments found.")]
    [InlineData("BrokerApiVersionsCommand", "DescribeTopicPartitions(75): 0 [usable: 0]")]
    [InlineData("ConfigCommand --describe --entity-type broker-loggers --entity-name 1", "root=INFO")]
    [InlineData("ConfigCommand --describe --entity-type brokers --entity-name 1 --all", "message.max.bytes=1048588")]
    [Trait(ClientTable.Feature, "admin")]
    public async Task Tell(string command, string expected)
    {
        var words = command.Split(' ');
        Assert.Contains(expected, await broker.Tool(words[0], words[1..]));
    }

    [Theory]
    [InlineData("topics", "orders", "retention.ms=7200000")]
    [InlineData("brokers", "1", "log.retention.ms=7200000")]
    [InlineData("groups", "g", "consumer.session.timeout.ms=50000")]
    [InlineData("client-metrics", "m", "metrics=org.apache.kafka.consumer.")]
    [InlineData("users", "u", "producer_byte_rate=1000000.0")]
    public async Task ChangeSettings(string type, string name, string config)
    {
        string[] entity = ["--entity-type", type, "--entity-name", name];
        await broker.Tool("ConfigCommand", ["--alter", .. entity, "--add-config", config]);

        Assert.Contains(config, await broker.Tool("ConfigCommand", ["--describe", .. entity]));
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    [Trait(ClientTable.Feature, "produce")]
    [Trait(ClientTable.Feature, "consume")]
    public async Task ProduceAndConsume(string protocol)
    {
        var topic = "of-" + protocol;
        await broker.Run("hello\n", "ConsoleProducer", "--topic", topic);
        Assert.Equal("hello\n", await broker.Tool(
            "consumer.ConsoleConsumer", "--topic", topic, "--from-beginning", "--max-messages", "1",
            "--group", protocol, "--command-property", "group.protocol=" + protocol));
        var described = await broker.Tool("consumer.group.ConsumerGroupCommand", "--describe", "--group", protocol);
        Assert.Matches(@$"{protocol} +{topic} +0 +1 +1 +0 ", described);
    }

    [Fact]
    [Trait(ClientTable.Feature, "share group")]
    public async Task Share()
    {
        await broker.Tool(
            "ConfigCommand", "--alter", "--entity-type", "groups", "--entity-name", "sharers",
            "--add-config", "share.auto.offset.reset=earliest");
        await broker.Run("hello\n", "ConsoleProducer", "--topic", "shared");
        Assert.Equal("hello\n", await broker.Tool(
            "consumer.ConsoleShareConsumer", "--topic", "shared", "--max-messages", "1", "--group", "sharers"));
        Assert.Contains("sharers", await broker.Tool("consumer.group.ShareGroupCommand", "--list"));
    }

    [Fact]
    public async Task StoreACredential()
    {
        string[] user = ["--entity-type", "users", "--entity-name", "scram"];
        const string Credential = "SCRAM-SHA-512=[iterations=8192,password=secret]";
        await broker.Tool("ConfigCommand", ["--alter", .. user, "--add-config", Credential]);

        Assert.Contains("SCRAM-SHA-512=iterations=8192", await broker.Tool("ConfigCommand", ["--describe", .. user]));
    }

    [Fact]
    public async Task PushTheirMetrics()
    {
        await broker.Tool(
            "ClientMetricsCommand", "--alter", "--name", "producers", "--interval", "100", "--metrics", "*",
            "--match", "client_id=console-producer");

        await broker.Run("hello\n", "ConsoleProducer", "--topic", "measured");

        using var http = new HttpClient();
        var clients = JsonDocument.Parse(await http.GetStringAsync(
            $"http://{broker.Server.Http}/clients", TestContext.Current.CancellationToken));
        var producer = Assert.Single(
            clients.RootElement.EnumerateArray(),
            client => client.GetProperty("client_id").GetString() == "console-producer");
        Assert.Equal("apache-kafka-java", producer.GetProperty("software_name").GetString());
        Assert.Contains(
            producer.GetProperty("metrics").EnumerateArray(),
            metric => metric.GetProperty("name").GetString() == "org.apache.kafka.producer.record.send.total");
    }
}
