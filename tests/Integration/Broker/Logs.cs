using Confluent.Kafka;

namespace Millrace.Integration.Broker;

/// <summary>What partitions hold, from their beginning to their end.</summary>
internal static class Logs
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>The records of each partition.</summary>
    public static List<List<ConsumeResult<string, string>>> Read(
        string bootstrap, IReadOnlyList<TopicPartition> partitions)
    {
        using var consumer = new ConsumerBuilder<string, string>(new ConsumerConfig
        {
            BootstrapServers = bootstrap,
            GroupId = "reader",
            EnableAutoCommit = false,
            EnablePartitionEof = true,
            CheckCrcs = true,
            FetchWaitMaxMs = 10,
            AutoOffsetReset = AutoOffsetReset.Error,
        }).SetLogHandler((_, _) => { }).Build();
        consumer.Assign(partitions.Select(partition => new TopicPartitionOffset(partition, Offset.Beginning)));
        var records = partitions.ToDictionary(
            partition => partition, _ => new List<ConsumeResult<string, string>>());
        for (var ended = 0; ended < partitions.Count;)
        {
            var result = consumer.Consume(Patience) ?? throw new TimeoutException("the logs do not come to an end");
            if (result.IsPartitionEOF)
                ended++;
            else
                records[result.TopicPartition].Add(result);
        }

        return [.. partitions.Select(partition => records[partition])];
    }

    public static List<List<ConsumeResult<string, string>>> Read(string bootstrap, string topic, int partitions) =>
        Read(bootstrap, [.. Enumerable.Range(0, partitions).Select(number => new TopicPartition(topic, number))]);

    /// <summary>The values in the first partition of each topic.</summary>
    public static IEnumerable<IEnumerable<string>> Values(string bootstrap, params IEnumerable<string> topics) =>
        Read(bootstrap, [.. topics.Select(topic => new TopicPartition(topic, 0))])
            .Select(records => records.Select(record => record.Message.Value));

    /// <summary>Writes the values to each topic in order, a batch each; the offset of the last one in each.</summary>
    public static async Task<IReadOnlyList<long>> Write(
        string bootstrap, IReadOnlyList<string> topics, IEnumerable<string> values)
    {
        using var producer = new ProducerBuilder<string, string>(new ProducerConfig
        {
            BootstrapServers = bootstrap,
            Acks = Acks.All,
            LingerMs = 0,
            MessageTimeoutMs = 30_000,
        }).SetLogHandler((_, _) => { }).Build();
        IReadOnlyList<long> last = [];
        foreach (var value in values)
        {
            var sent = await Task.WhenAll(
                topics.Select(topic => producer.ProduceAsync(topic, new() { Key = "key", Value = value })));
            last = [.. sent.Select(result => result.Offset.Value)];
        }

        return last;
    }

    public static async Task<long> Write(string bootstrap, string topic, params IEnumerable<string> values) =>
        (await Write(bootstrap, [topic], values))[0];
}
