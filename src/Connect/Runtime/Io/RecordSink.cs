using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Millrace.Connect.Config;

namespace Millrace.Connect.Runtime.Io;

/// <summary>
/// The producer: records in, acknowledgements out to the source transaction they belong to. Owned by one task; one
/// sending thread. It waits for a broker that is away as long as it takes; what cannot be cured by waiting is
/// reported once through <c>failed</c>, after which nothing more is acknowledged.
/// </summary>
internal sealed class RecordSink : IDisposable
{
    private const int LargestRecord = 100_000_000;
    private static readonly TimeSpan FullQueuePause = TimeSpan.FromMilliseconds(1);

    private readonly IProducer<byte[]?, byte[]?> _producer;
    private readonly IAdminClient _admin;
    private readonly Action<Exception> _failed;
    private readonly Action<string> _log;
    private readonly string _bootstrapServers;
    private readonly HashSet<string> _topics = [];
    private readonly bool _createTopics;
    private readonly int _partitions;
    private readonly short _replication;
    private SourceOffsets.PendingTransaction? _transaction;
    private Action<DeliveryReport<byte[]?, byte[]?>>? _handler;

    public RecordSink(
        string bootstrapServers, ConnectorConfig config, Action<Exception> failed, Action<string> log)
    {
        _failed = failed;
        _log = log;
        _bootstrapServers = bootstrapServers;
        _createTopics = config.Bool("topic.creation.enable");
        _partitions = config.Int("topic.creation.default.partitions");
        _replication = (short)config.Int("topic.creation.default.replication.factor");
        _producer = new ProducerBuilder<byte[]?, byte[]?>(new ProducerConfig
        {
            BootstrapServers = bootstrapServers,
            ClientId = $"millrace-connect-{config.Name}",
            EnableIdempotence = true,
            Acks = Acks.All,
            LingerMs = 2,
            MessageTimeoutMs = 0,
            MessageMaxBytes = LargestRecord,
            DeliveryReportFields = "status",
            Partitioner = Partitioner.Murmur2Random,
            QueueBufferingMaxMessages = config.Int("max.queue.size"),
            QueueBufferingMaxKbytes = (int)Math.Min(config.Long("max.queue.size.in.bytes") / 1024, 2_000_000),
            ReconnectBackoffMaxMs = 2000,
            AllowAutoCreateTopics = false,
        }).SetErrorHandler((_, error) => OnError(error)).SetLogHandler((_, _) => { }).Build();
        _admin = new DependentAdminClientBuilder(_producer.Handle).Build();
    }

    /// <summary>Hands over a record of a source transaction; waits while the queue is full.</summary>
    public async ValueTask SendAsync(string topic, Message<byte[]?, byte[]?> record,
        SourceOffsets.PendingTransaction transaction, CancellationToken cancellation)
    {
        if (!_topics.Contains(topic))
            await EnsureTopicAsync(topic, [], cancellation);
        if (transaction != _transaction)
        {
            _transaction = transaction;
            _handler = report => OnDelivered(report, transaction);
        }
        transaction.Sent();
        while (!TryProduce(topic, record, _handler!))
            await Task.Delay(FullQueuePause, cancellation);
    }

    /// <summary>Writes one record and waits for its acknowledgement.</summary>
    public async Task WriteAsync(string topic, byte[]? key, byte[]? value, CancellationToken cancellation)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var record = new Message<byte[]?, byte[]?> { Key = key, Value = value };
        while (!TryProduce(topic, record, report => Complete(done, report)))
            await Task.Delay(FullQueuePause, cancellation);
        await done.Task.WaitAsync(cancellation);
    }

    public async Task EnsureTopicAsync(
        string topic, Dictionary<string, string> settings, CancellationToken cancellation)
    {
        if (!_topics.Add(topic) || (!_createTopics && settings.Count == 0))
            return;
        try
        {
            var specification = new TopicSpecification
            {
                Name = topic,
                NumPartitions = settings.Count > 0 ? 1 : _partitions,
                ReplicationFactor = _replication,
                Configs = new(settings) { ["max.message.bytes"] = $"{LargestRecord}" },
            };
            await _admin.CreateTopicsAsync([specification]).WaitAsync(cancellation);
        }
        catch (CreateTopicsException e) when (e.Results.All(r => r.Error.Code == ErrorCode.TopicAlreadyExists))
        {
            // Somebody made it before; that is as good.
        }
        catch (CreateTopicsException e)
        {
            _topics.Remove(topic);
            throw KafkaErrors.Translate(e.Results[0].Error, topic);
        }
        catch (KafkaException)
        {
            _topics.Remove(topic);
            throw;
        }
    }

    public void Dispose()
    {
        _admin.Dispose();
        _producer.Dispose();
    }

    private bool TryProduce(string topic, Message<byte[]?, byte[]?> record,
        Action<DeliveryReport<byte[]?, byte[]?>> handler)
    {
        try
        {
            _producer.Produce(topic, record, handler);
            return true;
        }
        catch (ProduceException<byte[]?, byte[]?> e) when (e.Error.Code == ErrorCode.Local_QueueFull)
        {
            return false;
        }
    }

    private void OnDelivered(DeliveryReport<byte[]?, byte[]?> report, SourceOffsets.PendingTransaction transaction)
    {
        if (report.Error.IsError)
            _failed(KafkaErrors.Translate(report.Error, report.Topic));
        else
            transaction.Acknowledged();
    }

    private void Complete(TaskCompletionSource done, DeliveryReport<byte[]?, byte[]?> report)
    {
        if (report.Error.IsError)
            done.TrySetException(KafkaErrors.Translate(report.Error, report.Topic));
        else
            done.TrySetResult();
    }

    private void OnError(Error error)
    {
        if (error.IsFatal)
            _failed(KafkaErrors.Translate(error, ""));
        else if (error.Code == ErrorCode.Local_AllBrokersDown)
            _log($"no Kafka broker answers at {_bootstrapServers}; trying again");
    }
}
