using Confluent.Kafka;

namespace Millrace.Integration.Broker;

/// <summary>What partitions hold, from their beginning to their end.</summary>
internal static class Logs
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>The records of each partition.</summary>
    public static List<ConsumeResult<string, string>>[] Read(string bootstrap, string topic, int partitions)
    {
        using var consumer = new ConsumerBuilder<string, string>(new ConsumerConfig
        {
            BootstrapServers = bootstrap,
            GroupId = "reader",
            EnableAutoCommit = false,
            EnablePartitionEof = true,
            CheckCrcs = true,
            AutoOffsetReset = AutoOffsetReset.Error,
        }).SetLogHandler((_, _) => { }).Build();
        consumer.Assign(Enumerable.Range(0, partitions)
            .Select(number => new TopicPartitionOffset(topic, number, Offset.Beginning)));
        var records = new List<ConsumeResult<string, string>>[partitions];
        for (var i = 0; i < partitions; i++)
            records[i] = [];
        for (var ended = 0; ended < partitions;)
        {
            var result = consumer.Consume(Patience) ?? throw new TimeoutException($"{topic} does not come to an end");
            if (result.IsPartitionEOF)
                ended++;
            else
                records[result.Partition.Value].Add(result);
        }

        return records;
    }

    public static List<string> Values(string bootstrap, string topic) =>
        [.. Read(bootstrap, topic, 1)[0].Select(record => record.Message.Value)];

    /// <summary>Writes one batch for each value, in order; the offset of the last.</summary>
    public static async Task<long> Write(string bootstrap, string topic, params IEnumerable<string> values)
    {
        using var producer = new ProducerBuilder<string, string>(new ProducerConfig
        {
            BootstrapServers = bootstrap,
            EnableIdempotence = true,
            LingerMs = 0,
            MessageTimeoutMs = 30_000,
        }).SetLogHandler((_, _) => { }).Build();
        var last = -1L;
        foreach (var value in values)
            last = (await producer.ProduceAsync(topic, new() { Key = "key", Value = value })).Offset.Value;
        return last;
    }
}
