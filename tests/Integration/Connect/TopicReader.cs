using System.Text;
using Confluent.Kafka;

namespace Millrace.Integration.Connect;

/// <summary>Whole topics from their beginning to their present end.</summary>
internal static class TopicReader
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);

    public static List<string> Topics(string bootstrap, Func<string, bool> wanted)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap }).Build();
        return [.. admin.GetMetadata(Timeout).Topics.Select(t => t.Topic).Where(wanted).Order(StringComparer.Ordinal)];
    }

    public static List<TopicRecord> Read(string bootstrap, IEnumerable<string> topics)
    {
        using var consumer = new ConsumerBuilder<byte[]?, byte[]?>(new ConsumerConfig
        {
            BootstrapServers = bootstrap,
            GroupId = "test",
            EnableAutoCommit = false,
            EnablePartitionEof = true,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            FetchWaitMaxMs = 20,
        }).Build();
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        var partitions = topics.SelectMany(t => admin.GetMetadata(t, Timeout).Topics.Single().Partitions
            .Select(p => new TopicPartition(t, p.PartitionId))).ToHashSet();
        var records = new List<TopicRecord>();
        consumer.Assign(partitions.Select(p => new TopicPartitionOffset(p, Offset.Beginning)));
        while (partitions.Count > 0)
        {
            var result = consumer.Consume(Timeout) ?? throw new TimeoutException("the topics did not come to an end");
            if (result.IsPartitionEOF)
                partitions.Remove(result.TopicPartition);
            else
                records.Add(new TopicRecord(result.Topic, Text(result.Message.Key), Text(result.Message.Value),
                    [.. result.Message.Headers.Select(h => (h.Key, Text(h.GetValueBytes())))]));
        }
        return [.. records.OrderBy(r => r.Topic, StringComparer.Ordinal)];
    }

    private static string? Text(byte[]? bytes) => bytes is null ? null : Encoding.UTF8.GetString(bytes);
}

internal sealed record TopicRecord(
    string Topic, string? Key, string? Value, IReadOnlyList<(string Name, string? Value)> Headers);
