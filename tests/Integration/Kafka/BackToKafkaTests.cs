using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Millrace.Integration.Connect;
using Millrace.Shared;

namespace Millrace.Integration.Kafka;

/// <summary>
/// Apache Kafka, started on a copy of a data directory that this program wrote, serves the same: topics and their ids,
/// settings, records, committed offsets.
/// </summary>
public sealed class BackToKafkaTests
{
    private const int Records = 4_000;
    private const int Partitions = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly string Padding = new('x', 1_000);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task KafkaServesTheSame(bool stopInOrder)
    {
        Peers.Program("kafka-broker");
        await using var server = await MillraceServer.Start("--set", "offsets.topic.num.partitions=3");
        await Fill(server.Bootstrap);
        var here = await Describe(server.Bootstrap);
        if (stopInOrder)
            Assert.Equal(0, await server.Terminate());
        else
            await server.Kill();

        await using var kafka = await PeerKafka.StartOnAsync(directory => Copy(server.Data, directory));

        Assert.Equal(here, await Describe(kafka.Bootstrap));
        Assert.True(Directory.GetFiles(Path.Combine(server.Data, "orders-0"), "*.log").Length > 1);
    }

    private static async Task Fill(string bootstrap)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap }).Build();
        await admin.CreateTopicsAsync(
        [
            new()
            {
                Name = "orders",
                NumPartitions = Partitions,
                Configs = new() { ["segment.bytes"] = "1048576", ["retention.ms"] = "-1" },
            },
            new() { Name = "compacted", NumPartitions = 1, Configs = new() { ["cleanup.policy"] = "compact" } },
            new() { Name = "deleted", NumPartitions = 2 },
        ]);
        await admin.IncrementalAlterConfigsAsync(new()
        {
            [new ConfigResource { Type = ResourceType.Topic, Name = "compacted" }] =
            [
                new() { Name = "cleanup.policy", Value = "delete", IncrementalOperation = AlterConfigOpType.Append },
                new() { Name = "max.message.bytes", Value = "2000000", IncrementalOperation = AlterConfigOpType.Set },
            ],
        });
        await admin.DeleteTopicsAsync(["deleted"]);
        using var producer = new ProducerBuilder<string, string>(new ProducerConfig
        {
            BootstrapServers = bootstrap,
            EnableIdempotence = true,
        }).Build();
        var sent = Enumerable.Range(0, Records).Select(i => producer.ProduceAsync(
            new TopicPartition(i % 10 == 9 ? "compacted" : "orders", i % 10 == 9 ? 0 : i % Partitions),
            new Message<string, string>
            {
                Key = $"key {i}",
                Value = $"{i} {Padding}",
                Headers = [new Header("n", BitConverter.GetBytes(i))],
            }));
        await Task.WhenAll([.. sent]);
        Commit(bootstrap);
    }

    /// <summary>A classic group that reads a part and commits.</summary>
    private static void Commit(string bootstrap)
    {
        using var consumer = new ConsumerBuilder<string, string>(new ConsumerConfig
        {
            BootstrapServers = bootstrap,
            GroupId = "readers",
            EnableAutoCommit = false,
            AutoOffsetReset = AutoOffsetReset.Earliest,
        }).Build();
        consumer.Subscribe("orders");
        for (var i = 0; i < Records / 4; i++)
            Assert.NotNull(consumer.Consume(Patience));
        consumer.Commit();
        consumer.Close();
    }

    /// <summary>All that a client sees, in one text.</summary>
    private static async Task<string> Describe(string bootstrap)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap }).Build();
        string[] names = ["compacted", "orders"];
        var topics = await admin.DescribeTopicsAsync(TopicCollection.OfTopicNames(names));
        var configs = await admin.DescribeConfigsAsync(
            names.Select(name => new ConfigResource { Type = ResourceType.Topic, Name = name }));
        var partitions = topics.TopicDescriptions.OrderBy(topic => topic.Name, StringComparer.Ordinal)
            .SelectMany(topic => topic.Partitions.Select(
                partition => new TopicPartition(topic.Name, partition.Partition))).ToList();
        using var group = new ConsumerBuilder<string, string>(new ConsumerConfig
        {
            BootstrapServers = bootstrap,
            GroupId = "readers",
        }).Build();
        return string.Join('\n',
        [
            string.Join(' ', admin.GetMetadata(Patience).Topics.Select(topic => topic.Topic)
                .Order(StringComparer.Ordinal)),
            .. topics.TopicDescriptions.Select(topic => $"{topic.Name} {topic.TopicId}").Order(StringComparer.Ordinal),
            .. configs.SelectMany(topic => topic.Entries.Values
                .Where(config => config.Source == ConfigSource.DynamicTopicConfig)
                .Select(config => $"{topic.ConfigResource.Name} {config.Name} {config.Value}"))
                .Order(StringComparer.Ordinal),
            .. group.Committed(partitions.Where(partition => partition.Topic == "orders"), Patience)
                .Select(committed => $"{committed}"),
            .. Broker.Logs.Read(bootstrap, partitions).SelectMany(records => records).Select(record =>
                $"{record.TopicPartitionOffset} {record.Message.Timestamp.UnixTimestampMs} {record.Message.Key} "
                + $"{record.Message.Value} {BitConverter.ToInt32(record.Message.Headers[0].GetValueBytes())}"),
        ]);
    }

    private static void Copy(string from, string to)
    {
        foreach (var folder in Directory.GetDirectories(from, "*", SearchOption.AllDirectories).Prepend(from))
            Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, folder)));
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
            File.Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)));
    }
}
