using Millrace.Core.Coordinators;
using Millrace.Core.Model;
using Millrace.Core.Transactions;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Unit.Core.Transactions;

/// <summary>
/// The shell of a transaction coordinator with a log in memory and a clock that tests set. Markers are kept until the
/// test says that they are written.
/// </summary>
internal sealed class TransactionShard
{
    public const string Id = "id";
    public static readonly TopicPartition Orders = new("orders", 0);

    private readonly TransactionSettings _settings;
    private readonly Effects _effects = new();
    private long _lastProducerId;

    public TransactionShard(TransactionSettings? settings = null)
    {
        _settings = settings ?? new TransactionSettings();
        Coordinator = new TransactionCoordinator(_settings);
        Coordinator.Start(Now);
    }

    public TransactionCoordinator Coordinator { get; private set; }

    public Instant Now { get; private set; } = new(1_000_000);

    public List<(byte[] Key, byte[]? Value)> Log { get; } = [];

    public List<TransactionMarkers> Sent { get; } = [];

    /// <summary>State, producer id and epoch, as <c>Ongoing 1/0</c>.</summary>
    public string State
    {
        get
        {
            var state = Coordinator.Describe(Id);
            return state.ErrorCode == ErrorCode.None
                ? $"{state.TransactionState} {state.ProducerId}/{state.ProducerEpoch}"
                : $"{state.ErrorCode}";
        }
    }

    /// <summary>The error, or producer id and epoch as <c>1/0</c>.</summary>
    public string Init(long producerId = -1, short epoch = -1, int timeoutMs = 60_000)
    {
        var response = new InitProducerIdResponse();
        var request = new InitProducerIdRequest
        {
            TransactionalId = Id, TransactionTimeoutMs = timeoutMs, ProducerId = producerId, ProducerEpoch = epoch,
        };
        Run(effects =>
        {
            if (!Coordinator.InitProducerId(request, response, -1, Now, effects))
                Assert.True(Coordinator.InitProducerId(request, response, ++_lastProducerId, Now, effects));
        });
        return response.ErrorCode == ErrorCode.None
            ? $"{response.ProducerId}/{response.ProducerEpoch}"
            : $"{response.ErrorCode}";
    }

    public ErrorCode Add(short epoch, long producerId = 1, string id = Id, params TopicPartition[] partitions)
    {
        var error = ErrorCode.None;
        Run(effects => error = Coordinator.AddPartitions(
            new TransactionalProducer(id, producerId, epoch), partitions.Length > 0 ? partitions : [Orders],
            TransactionCoordinator.EpochsVersion, Now, effects));
        return error;
    }

    public ErrorCode Verify(short epoch, long producerId = 1, TopicPartition? partition = null) =>
        Coordinator.VerifyPartition(new TransactionalProducer(Id, producerId, epoch), partition ?? Orders);

    /// <summary>The error, or the producer to go on with as <c>1/0</c>.</summary>
    public string End(short epoch, bool commit = true, bool raises = true, long producerId = 1)
    {
        var response = new EndTxnResponse();
        var request = new EndTxnRequest
        {
            TransactionalId = Id, ProducerId = producerId, ProducerEpoch = epoch, Committed = commit,
        };
        Run(effects =>
        {
            if (!Coordinator.EndTransaction(request, response, raises, -1, Now, effects))
                Assert.True(Coordinator.EndTransaction(request, response, raises, ++_lastProducerId, Now, effects));
        });
        return response.ErrorCode == ErrorCode.None
            ? $"{response.ProducerId}/{response.ProducerEpoch}"
            : $"{response.ErrorCode}";
    }

    /// <summary>The markers that were sent last are on stable storage.</summary>
    public void MarkersAreWritten() =>
        Run(effects => Coordinator.CompleteTransaction(Sent[^1], Now, effects));

    public void Advance(long milliseconds)
    {
        Now += milliseconds;
        Run(_ => { });
    }

    /// <summary>A new coordinator from the log.</summary>
    public void Restart()
    {
        Sent.Clear();
        Coordinator = new TransactionCoordinator(_settings);
        foreach (var (key, value) in Log)
            Coordinator.Replay(key, value ?? default(ReadOnlyMemory<byte>?));
        Coordinator.Start(Now);
        Run(_ => { });
    }

    private void Run(Action<Effects> decide)
    {
        decide(_effects);
        Apply();
        while (Coordinator.Expire(Now, _effects) <= Now)
            Apply();
        Apply();
    }

    private void Apply()
    {
        for (var i = 0; i < _effects.RecordCount; i++)
        {
            var record = _effects.Record(i);
            Log.Add((record.Key.ToArray(), record.Value?.ToArray()));
            Coordinator.Replay(record.Key, record.Value);
        }

        Sent.AddRange(_effects.Messages.Cast<TransactionMarkers>());
        _effects.Clear();
    }
}
