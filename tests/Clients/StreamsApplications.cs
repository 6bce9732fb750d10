using Confluent.Kafka;
using Millrace.Shared;

namespace Millrace.Clients;

/// <summary>
/// Kafka Streams 4.4 with the streams protocol (KIP-1071): the broker creates the internal topics, and shares the tasks
/// out among the instances.
/// </summary>
public sealed class StreamsApplications
{
    private const int Lines = 400;
    private const string AtLeastOnce = "at_least_once";

    /// <summary>
    /// Two instances count words; one is killed, and the other goes on from its changelogs. Without transactions it is
    /// killed when its work is committed, with them at any moment.
    /// </summary>
    [Theory]
    [InlineData(AtLeastOnce)]
    [InlineData("exactly_once_v2", Traits = [ClientTable.Feature, "transactions"])]
    [Trait(ClientTable.Client, ClientTable.KafkaStreams)]
    [Trait(ClientTable.Feature, "produce")]
    [Trait(ClientTable.Feature, "consume")]
    [Trait(ClientTable.Feature, "streams group")]
    public async Task AnInstanceTakesOverFromOneThatIsKilled(string guarantee)
    {
        var javaRun = Peers.Program("java-run");
        await using var server = await MillraceServer.Start(
            "--set", "group.streams.min.session.timeout.ms=6000", "--set", "group.streams.session.timeout.ms=6000",
            "--set", "group.streams.min.heartbeat.interval.ms=500", "--set",
            "group.streams.heartbeat.interval.ms=500");
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = server.Bootstrap }).Build();
        await admin.CreateTopicsAsync([
            new() { Name = "lines", NumPartitions = 4 }, new() { Name = "counts", NumPartitions = 1 }]);
        var state = Directory.CreateTempSubdirectory("millrace-streams-");
        ChildProcess StartInstance(string name) => ChildProcess.Start("env",
            "JVM=-XX:TieredStopAtLevel=1", javaRun, Checkout.File("tests", "Clients", "java", "WordCount.java"),
            server.Bootstrap, "word-count", "lines", "counts", Path.Combine(state.FullName, name), guarantee);

        await using var first = StartInstance("first");
        await Reach(first, "running");
        await using var second = StartInstance("second");
        await Reach(second, "running");
        await Write(server.Bootstrap, 0);
        await Counted(server.Bootstrap, Lines);
        if (guarantee == AtLeastOnce)
            await Committed(admin, Lines);
        await first.Kill();
        await Write(server.Bootstrap, Lines);
        await Counted(server.Bootstrap, 2 * Lines);

        second.Input.Close();
        await Reach(second, "closed");
        state.Delete(recursive: true);
    }

    /// <summary>Lines of two words: one is on all lines, the other on as many as there are remainders of ten.</summary>
    private static async Task Write(string bootstrap, int from)
    {
        using var producer = new ProducerBuilder<string, string>(
            new ProducerConfig { BootstrapServers = bootstrap }).Build();
        for (var i = from; i < from + Lines; i++)
            await producer.ProduceAsync("lines", new() { Key = $"k{i}", Value = $"all w{i % 10}" });
    }

    /// <summary>The last counts are those of so many lines.</summary>
    private static async Task Counted(string bootstrap, int lines)
    {
        using var deadline = ChildProcess.Deadline();
        using var consumer = new ConsumerBuilder<string, string>(new ConsumerConfig
        {
            BootstrapServers = bootstrap, GroupId = "reader", AutoOffsetReset = AutoOffsetReset.Earliest,
        }).Build();
        consumer.Assign(new TopicPartitionOffset("counts", 0, Offset.Beginning));
        var counts = new Dictionary<string, string>();
        var expected = Enumerable.Range(0, 10).Select(i => ($"w{i}", $"{lines / 10}")).Append(("all", $"{lines}"))
            .ToDictionary(word => word.Item1, word => word.Item2);
        await Task.Run(() =>
        {
            while (counts.Count != expected.Count || counts.Any(count => expected[count.Key] != count.Value))
            {
                var record = consumer.Consume(deadline.Token);
                counts[record.Message.Key] = record.Message.Value;
            }
        });
    }

    /// <summary>The application has committed so many lines, and all words that it wrote to itself.</summary>
    private static async Task Committed(IAdminClient admin, int lines)
    {
        using var deadline = ChildProcess.Deadline();
        const string Repartition = "word-count-counts-repartition";
        while (true)
        {
            var group = await admin.ListConsumerGroupOffsetsAsync(
                [new("word-count", [.. Partitions("lines"), .. Partitions(Repartition)])]);
            var offsets = group[0].Partitions.ToLookup(
                partition => partition.Topic, partition => partition.Offset.Value);
            if (offsets["lines"].Sum() == lines && offsets[Repartition].Sum() == 2 * lines)
                return;
            deadline.Token.ThrowIfCancellationRequested();
        }

        static IEnumerable<TopicPartition> Partitions(string topic) =>
            Enumerable.Range(0, 4).Select(partition => new TopicPartition(topic, partition));
    }

    private static async Task Reach(ChildProcess instance, string line)
    {
        using var deadline = ChildProcess.Deadline();
        while (await instance.Output.ReadLineAsync(deadline.Token) is { } said)
            if (said == line)
                return;
        Assert.Fail($"The instance ended before it was {line}: {instance.Errors}");
    }
}
