using System.Diagnostics;
using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Millrace.Shared;

namespace Millrace.Integration.Broker;

/// <summary>
/// kill -9 of the server or the copier, at random, while records are copied in transactions: each is copied once and in
/// order, the committed position is the end, and no transaction is left open. MILLRACE_COPIES sets how many records,
/// MILLRACE_KILLS how many kills, MILLRACE_RUNS how many copies, MILLRACE_SEED the first one's seed.
/// </summary>
public sealed class ExactlyOnceTests(ITestOutputHelper output)
{
    private const string Input = "copy-in";
    private const string Output = "copy-out";
    private const int PerTransaction = 750;

    private static int Records { get; } = FromEnvironment("MILLRACE_COPIES", 20_000);

    private static int Kills { get; } = FromEnvironment("MILLRACE_KILLS", 6);

    public static TheoryData<int> Seeds =>
        [.. Enumerable.Range(FromEnvironment("MILLRACE_SEED", 1), FromEnvironment("MILLRACE_RUNS", 1))];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task ACopyHasEachRecordOnceAndInOrder(int seed)
    {
        await using var server = await MillraceServer.Start("--set", "num.partitions=1");
        await Write(server.Bootstrap);
        var random = new Random(seed);
        var started = Stopwatch.StartNew();
        var servers = 0;
        await using (var copy = new ExactlyOnceCopy(server.Bootstrap, Input, Output, PerTransaction))
        {
            const int Steps = 3; // of a transaction
            var mostSteps = Math.Max(2, Steps * Records / PerTransaction / (Kills + 1));
            for (var kill = 0; kill < Kills; kill++)
            {
                var enough = copy.Steps + random.Next(1, mostSteps);
                await Poll.Until(
                    () => copy.Steps >= enough,
                    () => $"kill {kill}: {copy}\n{server.Errors}");
                if (random.Next(2) == 0)
                {
                    await copy.Kill();
                    continue;
                }

                servers++;
                await server.Kill();
                await server.StartAgain();
            }

            using var consumer = Reader(server.Bootstrap);
            await Poll.Until(() => Position(consumer) == Records, () => $"{copy}\n{server.Errors}");
            output.WriteLine($"seed {seed}: {Records} records in {started.Elapsed.TotalSeconds:F1} s, "
                + $"{servers} kills of the server; {copy}");
        }

        using (var reader = Reader(server.Bootstrap))
            Assert.Equal(Enumerable.Range(0, Records).Select(Number), ReadAll(reader));
        await AssertNoneIsOpen(server.Bootstrap);
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static int FromEnvironment(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var given)
            ? given : otherwise;

    private static async Task Write(string bootstrap)
    {
        using var producer = new ProducerBuilder<string, string>(new ProducerConfig
        {
            BootstrapServers = bootstrap, Acks = Acks.All, EnableIdempotence = true,
        }).SetLogHandler((_, _) => { }).Build();
        await Task.WhenAll(Enumerable.Range(0, Records).Select(number =>
            producer.ProduceAsync(Input, new() { Key = "key", Value = Number(number) })));
    }

    private static IConsumer<string, string> Reader(string bootstrap) =>
        new ConsumerBuilder<string, string>(new ConsumerConfig
        {
            BootstrapServers = bootstrap,
            GroupId = "copy",
            EnableAutoCommit = false,
            EnablePartitionEof = true,
            IsolationLevel = IsolationLevel.ReadCommitted,
        }).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();

    private static long Position(IConsumer<string, string> consumer) =>
        consumer.Committed([new TopicPartition(Input, 0)], TimeSpan.FromSeconds(20))[0].Offset.Value;

    private static List<string> ReadAll(IConsumer<string, string> consumer)
    {
        consumer.Assign(new TopicPartitionOffset(Output, 0, Offset.Beginning));
        var values = new List<string>();
        while (true)
        {
            var record = consumer.Consume(TimeSpan.FromSeconds(20)) ?? throw new TimeoutException("no end of the copy");
            if (record.IsPartitionEOF)
                return values;
            values.Add(record.Message.Value);
        }
    }

    /// <summary>What read_committed sees ends where the log ends, in the copy and in the group's offsets.</summary>
    private static async Task AssertNoneIsOpen(string bootstrap)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap })
            .SetLogHandler((_, _) => { }).Build();
        var partition = new TopicPartitionOffsetSpec
        {
            TopicPartition = new TopicPartition(Output, 0), OffsetSpec = OffsetSpec.Latest(),
        };
        await Poll.Until(
            async () => await End(IsolationLevel.ReadCommitted) == await End(IsolationLevel.ReadUncommitted),
            () => "a transaction hangs");

        async Task<long> End(IsolationLevel isolation) =>
            (await admin.ListOffsetsAsync([partition], new ListOffsetsOptions { IsolationLevel = isolation }))
                .ResultInfos[0].TopicPartitionOffsetError.Offset.Value;
    }
}
