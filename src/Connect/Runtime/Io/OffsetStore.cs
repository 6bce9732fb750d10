using Confluent.Kafka;
using Millrace.Connect.Config;

namespace Millrace.Connect.Runtime.Io;

/// <summary>
/// The connector's position in the compacted offsets topic, which is the only place where it lives. Owned by one task.
/// </summary>
internal sealed class OffsetStore(RecordSink sink, string bootstrapServers, ConnectorConfig config)
{
    private const long FirstRecordsRead = 1000;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);
    private readonly string _topic = config.String("offset.storage.topic");
    private readonly byte[] _key = SourceOffset.Key(config.Name, config.String("topic.prefix"));

    /// <summary>
    /// The newest position in the topic, read from its end backwards in growing steps; null if this connector never
    /// stored one.
    /// </summary>
    public async Task<SourceOffset?> ReadAsync(CancellationToken cancellation)
    {
        await sink.EnsureTopicAsync(_topic, new Dictionary<string, string> { ["cleanup.policy"] = "compact" },
            cancellation);
        return await Task.Run(() => Read(cancellation), cancellation);
    }

    public Task WriteAsync(SourceOffset offset, CancellationToken cancellation) =>
        sink.WriteAsync(_topic, _key, offset.ToJson(), cancellation);

    private SourceOffset? Read(CancellationToken cancellation)
    {
        using var consumer = new ConsumerBuilder<byte[]?, byte[]?>(new ConsumerConfig
        {
            BootstrapServers = bootstrapServers,
            GroupId = $"millrace-connect-{config.Name}",
            EnableAutoCommit = false,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            IsolationLevel = IsolationLevel.ReadCommitted,
            EnablePartitionEof = true,
            FetchWaitMaxMs = 10,
        }).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        var metadata = admin.GetMetadata(_topic, Timeout).Topics.Single(t => t.Topic == _topic);
        if (metadata.Error.IsError)
            throw new KafkaException(metadata.Error);
        var ends = metadata.Partitions.Select(p => new TopicPartition(_topic, p.PartitionId))
            .ToDictionary(p => p, p => consumer.QueryWatermarkOffsets(p, Timeout));
        for (var records = FirstRecordsRead; ; records *= 10)
        {
            var starts = ends.Select(p => new TopicPartitionOffset(
                p.Key, Math.Max(p.Value.Low, p.Value.High - records))).ToList();
            if (TryRead(consumer, starts, cancellation, out var found))
                return found;
            if (starts.All(start => start.Offset <= ends[start.TopicPartition].Low))
                return null;
        }
    }

    /// <summary>Reads from the starts to the ends; false if no record there is this connector's.</summary>
    private bool TryRead(
        IConsumer<byte[]?, byte[]?> consumer, List<TopicPartitionOffset> starts, CancellationToken cancellation,
        out SourceOffset? found)
    {
        found = null;
        var isFound = false;
        var unfinished = starts.Select(start => start.TopicPartition).ToHashSet();
        consumer.Assign(starts);
        while (unfinished.Count > 0)
        {
            var result = consumer.Consume(cancellation);
            if (result.IsPartitionEOF)
                unfinished.Remove(result.TopicPartition);
            else if (result.Message.Key.AsSpan().SequenceEqual(_key))
                (isFound, found) = (true, result.Message.Value is { } value ? SourceOffset.FromJson(value) : null);
        }

        consumer.Unassign();
        return isFound;
    }
}
