using Millrace.Core.Coordinators;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Transactions;

/// <summary>
/// The coordinator of the transactional ids that fall to one partition of __transaction_state (KIP-98, 360, 890). A
/// pure core: the shell serialises the calls, appends the records, replays them and sends what is due.
/// </summary>
/// <remarks>
/// <para>Empty -> Ongoing -> PrepareCommit -> CompleteCommit -> Ongoing ..., the same with Abort; InitProducerId leads
/// from a completed state to Empty; an id that is Dead has no record.</para>
/// <para>1. States change in <see cref="Replay"/> only, live and on load alike. 2. From the record of Prepare on the
/// end is decided: nothing is added any more, and after any restart the markers are sent again. 3. A record of Complete
/// is appended when the shell says that all markers are on stable storage, and not before. 4. A producer works with one
/// epoch of one id; whoever comes with another is refused.</para>
/// </remarks>
internal sealed partial class TransactionCoordinator(TransactionSettings settings) : ICoordinatorCore
{
    /// <summary>The transaction.version from which every transaction has an epoch of its own.</summary>
    public const short EpochsVersion = 2;

    private const long NoProducerId = -1;
    private const short NoEpoch = -1;

    private readonly TransactionStates _states = new();
    private readonly Dictionary<string, short> _lastEpochs = []; // of the producer before its last raise; not stored
    private readonly SortedSet<string> _unsent = new(StringComparer.Ordinal); // whose markers are to be sent
    private readonly PriorityQueue<string, Instant> _deadlines = new();
    private readonly Dictionary<string, Instant> _armed = [];
    private readonly Queue<string> _unused = new();
    private Instant _nextCheck = Instant.Never;

    public static string Kept => "transactions";

    public static void Fail(IMessage response, ErrorCode error) => TransactionErrors.Fail(response, error);

    public void Replay(
        ReadOnlyMemory<byte> key, ReadOnlyMemory<byte>? value, long transactionOf = ICoordinatorCore.NoProducerId)
    {
        if (_states.Replay(key, value) is not { } id)
            return;
        var state = _states.Find(id);
        if (state is { IsEnding: true })
            _unsent.Add(id);
        else
            _unsent.Remove(id);
        if (state is { IsOngoing: true })
            Arm(state);
        if (state is null)
            _lastEpochs.Remove(id);
    }

    /// <summary>No transaction has records in __transaction_state.</summary>
    public void ReplayEndTransaction(long producerId, bool isCommit)
    {
    }

    public void Start(Instant now) => _nextCheck = now + settings.ExpirationCheckIntervalMs;

    /// <summary>Nothing waits here: who must wait is told to ask again.</summary>
    public void Resign(ErrorCode error, Effects effects)
    {
    }

    /// <summary>
    /// Makes partitions part of the producer's transaction, which this may begin. None also where they are part of it
    /// already.
    /// </summary>
    /// <param name="asker">The producer.</param>
    /// <param name="partitions">They exist.</param>
    /// <param name="clientVersion">The transaction.version by which the client works.</param>
    /// <param name="now">The time.</param>
    /// <param name="effects">What is to be done.</param>
    public ErrorCode AddPartitions(
        in TransactionalProducer asker, IReadOnlyCollection<TopicPartition> partitions, short clientVersion,
        Instant now, Effects effects)
    {
        var error = CheckMayAdd(asker, out var state);
        if (error != ErrorCode.None)
            return error;
        if (!state!.IsOngoing || partitions.Except(state.Partitions).Any())
            TransactionRecords.Store(effects, state.Add(partitions, clientVersion, now));
        return ErrorCode.None;
    }

    /// <summary>
    /// Whether a partition is part of the producer's transaction: TRANSACTION_ABORTABLE where it is not.
    /// </summary>
    public ErrorCode VerifyPartition(in TransactionalProducer asker, in TopicPartition partition)
    {
        var error = CheckMayAdd(asker, out var state);
        return error != ErrorCode.None ? error
            : state!.Partitions.Contains(partition) ? ErrorCode.None
            : ErrorCode.TransactionAbortable;
    }

    /// <summary>
    /// All markers of a transaction that was sent as <see cref="TransactionMarkers"/> are on stable storage.
    /// </summary>
    public void CompleteTransaction(TransactionMarkers written, Instant now, Effects effects)
    {
        if (_states.Find(written.TransactionalId) is { IsEnding: true } state && state.Producer == written.Producer)
            TransactionRecords.Store(effects, state.Complete(now));
    }

    private ErrorCode CheckMayAdd(in TransactionalProducer asker, out TransactionState? state)
    {
        state = _states.Find(asker.TransactionalId);
        return asker.TransactionalId.Length == 0 ? ErrorCode.InvalidRequest
            : state is null || state.ProducerId != asker.Producer.Id ? ErrorCode.InvalidProducerIdMapping
            : state.ProducerEpoch != asker.Producer.Epoch ? ErrorCode.ProducerFenced
            : state.IsEnding ? ErrorCode.ConcurrentTransactions
            : ErrorCode.None;
    }

    /// <summary>Sees to it that <see cref="Expire"/> looks at the transaction by its deadline.</summary>
    private void Arm(TransactionState state)
    {
        if (_armed.TryGetValue(state.TransactionalId, out var armed) && armed <= state.Deadline)
            return;
        _armed[state.TransactionalId] = state.Deadline;
        _deadlines.Enqueue(state.TransactionalId, state.Deadline);
    }
}
