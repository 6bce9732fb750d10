using System.Diagnostics;
using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Millrace.Shared;

namespace Millrace.Integration.Broker;

/// <summary>
/// One node with very many partitions and few files: all can be written and read, after a stop and after a kill.
/// MILLRACE_PARTITIONS sets how many, MILLRACE_IDLE for how many seconds the idle node is watched; the figures go to
/// the test's output.
/// </summary>
public sealed class ScaleTests(ITestOutputHelper output)
{
    private const int TopicPartitions = 1000;
    private const int MostOpenFiles = 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private static int Partitions { get; } = FromEnvironment("MILLRACE_PARTITIONS", 2000);

    private static int IdleSeconds { get; } = FromEnvironment("MILLRACE_IDLE", 0);

    [Fact]
    public async Task ManyPartitionsAndFewFiles()
    {
        await using var server = await MillraceServer.StartWith(MostOpenFiles);
        var topics = Enumerable.Range(0, Partitions / TopicPartitions).Select(number => $"scale-{number}").ToList();

        await Step(server, "create", () => Create(server.Bootstrap, topics));
        await Step(server, "produce", () => Produce(server.Bootstrap, topics, "first"));
        await Step(server, "fetch", () => AssertHolds(server.Bootstrap, topics, "first"));
        await Idle(server);
        await Step(server, "stop", async () => Assert.Equal(0, await server.Terminate()), isRunning: false);
        await Step(server, "start", server.StartAgain);
        await Idle(server);
        await Step(server, "fetch", () => AssertHolds(server.Bootstrap, topics, "first"));
        await Step(server, "produce", () => Produce(server.Bootstrap, topics, "second"));
        await server.Kill();
        await Step(server, "start, killed", server.StartAgain);
        await Step(server, "fetch", () => AssertHolds(server.Bootstrap, topics, "first", "second"));
        Assert.DoesNotContain("failed", server.Errors, StringComparison.OrdinalIgnoreCase);
    }

    private static async Task Create(string bootstrap, List<string> topics)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap }).Build();
        foreach (var topic in topics)
        {
            await admin.CreateTopicsAsync(
                [new TopicSpecification { Name = topic, NumPartitions = TopicPartitions, ReplicationFactor = 1 }],
                new CreateTopicsOptions { RequestTimeout = Patience, OperationTimeout = Patience });
        }
    }

    /// <summary>A record to each partition, answered when it is on stable storage.</summary>
    private static async Task Produce(string bootstrap, List<string> topics, string value)
    {
        using var producer = new ProducerBuilder<string, string>(new ProducerConfig
        {
            BootstrapServers = bootstrap,
            Acks = Acks.All,
            LingerMs = 5,
            MessageTimeoutMs = (int)Patience.TotalMilliseconds,
        }).SetLogHandler((_, _) => { }).Build();
        await Task.WhenAll(All(topics).Select(
            partition => producer.ProduceAsync(partition, new() { Key = $"{partition}", Value = value })));
    }

    private static Task AssertHolds(string bootstrap, List<string> topics, params string[] values)
    {
        var partitions = All(topics);
        var logs = Logs.Read(bootstrap, partitions);
        for (var i = 0; i < partitions.Count; i++)
        {
            Assert.All(logs[i], record => Assert.Equal($"{partitions[i]}", record.Message.Key));
            Assert.Equal(values, logs[i].Select(record => record.Message.Value));
        }

        return Task.CompletedTask;
    }

    private static List<TopicPartition> All(List<string> topics) =>
    [
        .. topics.SelectMany(topic => Enumerable.Range(0, TopicPartitions).Select(
            number => new TopicPartition(topic, number))),
    ];

    private async Task Step(MillraceServer server, string name, Func<Task> action, bool isRunning = true)
    {
        var watch = Stopwatch.StartNew();
        await action();
        var row = $"{name,-14}{watch.Elapsed.TotalSeconds,8:F1} s";
        if (isRunning)
        {
            var figures = ProcessFigures.Of(server.Process.Id);
            Assert.InRange(figures.OpenFiles, 1, MostOpenFiles);
            row += $"{figures.ResidentMb,8} MB{figures.OpenFiles,7} files{figures.Threads,5} threads"
                + $"{figures.CpuSeconds,8:F1} s CPU";
        }

        output.WriteLine(row);
    }

    private async Task Idle(MillraceServer server)
    {
        if (IdleSeconds == 0)
            return;
        var before = ProcessFigures.Of(server.Process.Id);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(IdleSeconds));
        await Step(server, "idle", async () => await timer.WaitForNextTickAsync(
            TestContext.Current.CancellationToken));
        var used = ProcessFigures.Of(server.Process.Id).CpuSeconds - before.CpuSeconds;
        output.WriteLine($"{"",-14}{100 * used / IdleSeconds,8:F2} % CPU");
    }

    private static int FromEnvironment(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value)
            ? value
            : otherwise;
}
