using System.Text.Json;
using Confluent.Kafka;
using Millrace.Shared;

namespace Millrace.Integration.Kafka;

/// <summary>
/// A server that is started on a data directory of Apache Kafka serves what Kafka served from it, and goes on.
/// </summary>
public sealed class FromKafkaTests
{
    private const int Appended = 5;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static TheoryData<string, int> Directories => new()
    {
        { KafkaArchive.Stopped, 1 },
        { KafkaArchive.Killed, 1 },
        { KafkaArchive.Old, 0 },
    };

    [Theory]
    [MemberData(nameof(Directories))]
    public async Task EveryRecordIsServedAndTheLogsGoOn(string name, int nodeId)
    {
        var kafka = KafkaArchive.Of(name);
        var partitions = Partitions(kafka).ToList();
        await using var server = await Start(kafka, nodeId);
        var served = Read(server, partitions, IsolationLevel.ReadUncommitted);
        foreach (var partition in partitions)
            AssertSame(partition, Records(kafka, partition)!, served[partition]);
        await Append(server, kafka, partitions.Where(IsUsers));

        Assert.Equal(0, await server.Terminate());
        await server.StartAgain();
        served = Read(server, partitions, IsolationLevel.ReadUncommitted);
        foreach (var partition in partitions.Where(IsUsers))
        {
            AssertSame(partition, Records(kafka, partition)!, served[partition]);
            Assert.Equal(
                Enumerable.Range(0, Appended).Select(i => $"appended {i}"),
                served[partition].TakeLast(Appended).Select(
                    record => System.Text.Encoding.UTF8.GetString(record.Message.Value!)));
        }
    }

    [Theory]
    [MemberData(nameof(Directories))]
    public async Task WhatIsCommittedIsServedToThoseWhoAskForIt(string name, int nodeId)
    {
        var kafka = KafkaArchive.Of(name);
        var partitions = Partitions(kafka).Where(partition =>
            IsUsers(partition) && Records(kafka, partition, committed: true) is not null).ToList();
        await using var server = await Start(kafka, nodeId);
        var served = Read(server, partitions, IsolationLevel.ReadCommitted);
        foreach (var partition in partitions)
            AssertSame(partition, Records(kafka, partition, committed: true)!, served[partition]);
    }

    private static Task<MillraceServer> Start(KafkaArchive kafka, int nodeId) => MillraceServer.StartOn(
        kafka.CopyTo,
        "--set", $"node.id={nodeId}", "--set", "log.retention.ms=-1", "--set", "log.cleaner.enable=false",
        "--set", "offsets.retention.minutes=2147483647");

    private static bool IsUsers(TopicPartition partition) =>
        !partition.Topic.StartsWith("__", StringComparison.Ordinal);

    /// <summary>The partitions whose records are known.</summary>
    private static IEnumerable<TopicPartition> Partitions(KafkaArchive kafka) =>
        kafka.Partitions.Select(partition => new TopicPartition(partition.Topic, partition.Index))
            .Where(partition => Records(kafka, partition) is not null);

    private static List<JsonElement>? Records(
        KafkaArchive kafka, TopicPartition partition, bool committed = false) =>
        kafka.Records(partition.Topic, partition.Partition.Value, committed);

    private static long? ExpectedEnd(KafkaArchive kafka, TopicPartition partition) => kafka.IsKnown("offsets")
        ? kafka.Expected("offsets").GetProperty($"{partition.Topic}-{partition.Partition.Value}")
            .GetProperty("endOffset").GetInt64()
        : null;

    private static Dictionary<TopicPartition, List<ConsumeResult<byte[]?, byte[]?>>> Read(
        MillraceServer server, List<TopicPartition> partitions, IsolationLevel isolation)
    {
        using var consumer = Consumer(server, isolation);
        consumer.Assign(partitions.Select(partition => new TopicPartitionOffset(partition, Offset.Beginning)));
        var records = partitions.ToDictionary(
            partition => partition, _ => new List<ConsumeResult<byte[]?, byte[]?>>());
        for (var ended = 0; ended < partitions.Count;)
        {
            var result = consumer.Consume(Patience)
                ?? throw new TimeoutException($"{partitions.Count - ended} partitions do not end\n{server.Errors}");
            if (result.IsPartitionEOF)
                ended++;
            else
                records[result.TopicPartition].Add(result);
        }

        return records;
    }

    /// <summary>Appends to each partition, whose log goes on where Kafka's ended.</summary>
    private static async Task Append(MillraceServer server, KafkaArchive kafka, IEnumerable<TopicPartition> partitions)
    {
        using var consumer = Consumer(server, IsolationLevel.ReadUncommitted);
        using var producer = new ProducerBuilder<string, string>(new ProducerConfig
        {
            BootstrapServers = server.Bootstrap,
            EnableIdempotence = true,
            LingerMs = 0,
        }).SetLogHandler((_, _) => { }).Build();
        foreach (var partition in partitions)
        {
            var end = consumer.QueryWatermarkOffsets(partition, Patience).High.Value;
            Assert.Equal(ExpectedEnd(kafka, partition) ?? end, end);
            var sent = await Task.WhenAll(Enumerable.Range(0, Appended).Select(i => producer.ProduceAsync(
                partition, new() { Key = $"appended {i}", Value = $"appended {i}" },
                TestContext.Current.CancellationToken)));
            Assert.Equal(end, sent[0].Offset.Value);
            Assert.Equal(end + Appended - 1, sent[^1].Offset.Value);
        }
    }

    private static IConsumer<byte[]?, byte[]?> Consumer(MillraceServer server, IsolationLevel isolation) =>
        new ConsumerBuilder<byte[]?, byte[]?>(new ConsumerConfig
        {
            BootstrapServers = server.Bootstrap,
            GroupId = "reader-of-kafka-data",
            EnableAutoCommit = false,
            EnablePartitionEof = true,
            CheckCrcs = true,
            FetchWaitMaxMs = 10,
            IsolationLevel = isolation,
            AutoOffsetReset = AutoOffsetReset.Error,
        }).SetLogHandler((_, _) => { }).Build();

    /// <summary>What was expected is all there, in its order; what was appended since may follow.</summary>
    private static void AssertSame(
        TopicPartition partition, List<JsonElement> expected, List<ConsumeResult<byte[]?, byte[]?>> actual)
    {
        Assert.True(actual.Count >= expected.Count, $"{partition}: {actual.Count} records, not {expected.Count}");
        foreach (var (wanted, record) in expected.Zip(actual))
        {
            var epoch = wanted.TryGetProperty("leaderEpoch", out var known) ? known.GetInt32() : record.LeaderEpoch;
            var message = record.Message;
            Assert.Equal(
                Line(
                    wanted.GetProperty("offset").GetInt64(), wanted.GetProperty("timestamp").GetInt64(),
                    wanted.GetProperty("timestampType").GetString()!, wanted.GetProperty("key").GetString(),
                    wanted.GetProperty("value").GetString(),
                    wanted.GetProperty("headers").EnumerateArray().Select(header => header.GetRawText()), epoch),
                Line(
                    record.Offset.Value, message.Timestamp.UnixTimestampMs,
                    message.Timestamp.Type == TimestampType.CreateTime ? "CreateTime" : "LogAppendTime",
                    Base64(message.Key), Base64(message.Value),
                    message.Headers.Select(header => Header(header.Key, Base64(header.GetValueBytes()))),
                    record.LeaderEpoch));
        }

        string Line(
            long offset, long timestamp, string type, string? key, string? value, IEnumerable<string> headers,
            int? epoch) =>
            $"{partition} {offset} {timestamp} {type} {key ?? "null"} {value ?? "null"} {string.Join(' ', headers)} "
            + $"epoch {epoch}";
    }

    private static string Header(string key, string? value) =>
        $"[{JsonSerializer.Serialize(key)}, {JsonSerializer.Serialize(value)}]";

    private static string? Base64(byte[]? bytes) => bytes is null ? null : Convert.ToBase64String(bytes);
}
