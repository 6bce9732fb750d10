using Confluent.Kafka;
using Millrace.Connect.Config;

namespace Millrace.Connect.Runtime.Io;

/// <summary>
/// The connector's position in the compacted offsets topic, which is the only place where it lives. Owned by one task.
/// </summary>
internal sealed class OffsetStore(RecordSink sink, string bootstrapServers, ConnectorConfig config)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);
    private readonly string _topic = config.String("offset.storage.topic");
    private readonly byte[] _key = SourceOffset.Key(config.Name, config.String("topic.prefix"));

    /// <summary>Reads the topic to its end; null if this connector never stored a position.</summary>
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
        }).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        var metadata = admin.GetMetadata(_topic, Timeout).Topics.Single(t => t.Topic == _topic);
        if (metadata.Error.IsError)
            throw new KafkaException(metadata.Error);
        var unfinished = metadata.Partitions.Select(p => new TopicPartition(_topic, p.PartitionId)).ToHashSet();
        consumer.Assign(unfinished.Select(p => new TopicPartitionOffset(p, Offset.Beginning)));
        SourceOffset? found = null;
        while (unfinished.Count > 0)
        {
            var result = consumer.Consume(cancellation);
            if (result.IsPartitionEOF)
                unfinished.Remove(result.TopicPartition);
            else if (result.Message.Key.AsSpan().SequenceEqual(_key))
                found = result.Message.Value is { } value ? SourceOffset.FromJson(value) : null;
        }
        consumer.Unassign();
        return found;
    }
}
