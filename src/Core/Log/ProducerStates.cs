using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Records;

namespace Millrace.Core.Log;

/// <summary>
/// The idempotent producers of one partition (KIP-98, KIP-360). Owned by the log, used under the partition's lock.
/// 1. A batch is a duplicate only if epoch, first and last sequence equal those of one of the producer's last five.
/// 2. An unknown producer may begin at any sequence; a known one must go on where it stopped.
/// 3. At most <see cref="MaxProducers"/> are known; the longest silent without open transaction give way.
/// 4. A transaction is open from its first batch to its marker, and unstable until the high watermark has passed the
/// marker.
/// </summary>
internal sealed class ProducerStates
{
    public const int MaxProducers = 100_000;

    private readonly Dictionary<long, ProducerState> _producers = [];
    private readonly SortedSet<long> _open = []; // first offsets of open transactions
    private readonly Queue<EndedTransaction> _ended = new(); // whose markers are not yet below the high watermark

    public int Count => _producers.Count;

    /// <summary>Whether any transaction is open or unstable.</summary>
    public bool HasTransactions => _open.Count + _ended.Count > 0;
    /// <summary>In no order.</summary>
    internal IReadOnlyDictionary<long, ProducerState> ById => _producers;

    internal IEnumerable<KeyValuePair<long, ProducerState>> All => _producers.OrderBy(pair => pair.Key);

    /// <summary>
    /// Whether a batch of a client or coordinator may be appended; <paramref name="duplicate"/> is set if it has been
    /// already.
    /// </summary>
    public ErrorCode Check(scoped in RecordBatch batch, AppendOrigin origin, out ProducedBatch? duplicate)
    {
        duplicate = null;
        if (!batch.HasProducerId)
            return ErrorCode.None;
        _producers.TryGetValue(batch.ProducerId, out ProducerState? state);
        if (origin == AppendOrigin.Coordinator)
            return state is null ? ErrorCode.None : CheckCoordinator(state, batch);
        bool isUnverified = batch.IsTransactional && origin == AppendOrigin.Client;
        if (state is null)
        {
            return isUnverified ? ErrorCode.InvalidTxnState
                : origin == AppendOrigin.VerifiedClientWithEpochs && batch.BaseSequence != 0
                ? ErrorCode.OutOfOrderSequence
                : ErrorCode.None;
        }

        short epoch = batch.ProducerEpoch;
        if (epoch == state.Epoch && state.TryFind(batch.BaseSequence, batch.LastSequence, out ProducedBatch known))
        {
            duplicate = known;
            return ErrorCode.None;
        }

        if (epoch < state.Epoch)
            return ErrorCode.InvalidProducerEpoch;
        if (!Follows(state, epoch, batch.BaseSequence))
            return ErrorCode.OutOfOrderSequence;
        return state.HasOpenTransaction ? (batch.IsTransactional ? ErrorCode.None : ErrorCode.InvalidTxnState)
            : isUnverified ? ErrorCode.InvalidTxnState
            : ErrorCode.None;
    }

    /// <summary>That of the producer's last marker; -1 if there is none.</summary>
    public int CoordinatorEpochOf(long producerId) => _producers.GetValueOrDefault(producerId)?.CoordinatorEpoch ?? -1;

    /// <summary>Whether the producer has begun a transaction that its marker has not ended.</summary>
    public bool HasOpenTransaction(long producerId, short epoch) =>
        _producers.TryGetValue(producerId, out ProducerState? state) && state.Epoch == epoch
        && state.HasOpenTransaction;

    /// <summary>
    /// A batch with its final offsets has been written, or is read again during recovery; a control batch must be
    /// whole. The transaction that it ends comes back.
    /// </summary>
    public EndedTransaction? Append(scoped in RecordBatch batch, Instant now)
    {
        if (!batch.HasProducerId)
            return null;
        if (!_producers.TryGetValue(batch.ProducerId, out ProducerState? state))
        {
            if (_producers.Count >= MaxProducers)
                Shed();
            _producers[batch.ProducerId] = state = new ProducerState(batch.ProducerEpoch);
        }

        state.BumpTo(batch.ProducerEpoch);
        state.LastTimestamp = Math.Max(batch.MaxTimestamp, now.Milliseconds);
        state.LastRecordTimestamp = batch.MaxTimestamp;
        if (batch.IsControl)
            return End(state, batch);

        state.Add(new ProducedBatch(
            batch.BaseSequence, batch.LastSequence, batch.LastOffset, batch.LastOffsetDelta, batch.MaxTimestamp));
        if (batch.IsTransactional && state.CurrentTransactionFirstOffset < 0)
        {
            state.CurrentTransactionFirstOffset = batch.BaseOffset;
            _open.Add(batch.BaseOffset);
        }

        return null;
    }

    /// <summary>
    /// The first offset of a transaction that is open, or whose marker is not below the high watermark; the greatest
    /// number if there is none.
    /// </summary>
    public long FirstUnstable(Offset highWatermark)
    {
        while (_ended.TryPeek(out EndedTransaction ended) && ended.LastOffset < highWatermark.Value)
            _ended.Dequeue();
        long first = _open.Count > 0 ? _open.Min : long.MaxValue;
        foreach (EndedTransaction ended in _ended)
            first = Math.Min(first, ended.FirstOffset);
        return first;
    }

    /// <summary>What the last stable offset is once nothing but the open transactions holds it back.</summary>
    public long LastStableBehind(in EndedTransaction ended) => _open.Count > 0 ? _open.Min : ended.LastOffset + 1;

    public void Add(long producerId, ProducerState state)
    {
        _producers[producerId] = state;
        if (state.CurrentTransactionFirstOffset >= 0)
            _open.Add(state.CurrentTransactionFirstOffset);
    }

    public void Clear()
    {
        _producers.Clear();
        _open.Clear();
        _ended.Clear();
    }

    /// <summary>Forgets producers that wrote nothing for too long and have no transaction open.</summary>
    public void RemoveExpired(Instant now, long expirationMs)
    {
        foreach ((long id, ProducerState state) in _producers)
        {
            if (state.CurrentTransactionFirstOffset < 0 && now.Milliseconds - state.LastTimestamp >= expirationMs)
                _producers.Remove(id);
        }
    }

    /// <summary>Markers and the records of coordinators have no sequences; what is late is told by its
    /// epochs.</summary>
    private static ErrorCode CheckCoordinator(ProducerState state, scoped in RecordBatch batch) =>
        batch.ProducerEpoch < state.Epoch ? ErrorCode.InvalidProducerEpoch
        : TransactionMarker.TryRead(batch, out TransactionMarker marker)
            && marker.CoordinatorEpoch < state.CoordinatorEpoch ? ErrorCode.TransactionCoordinatorFenced
        : ErrorCode.None;

    private EndedTransaction? End(ProducerState state, scoped in RecordBatch batch)
    {
        if (!TransactionMarker.TryRead(batch, out TransactionMarker marker))
            return null;
        state.CoordinatorEpoch = marker.CoordinatorEpoch;
        long first = state.CurrentTransactionFirstOffset;
        if (first < 0)
            return null;
        state.CurrentTransactionFirstOffset = -1;
        _open.Remove(first);
        var ended = new EndedTransaction(batch.ProducerId, first, batch.LastOffset, !marker.IsCommit);
        _ended.Enqueue(ended);
        return ended;
    }

    private static bool Follows(ProducerState state, short epoch, int firstSequence)
    {
        if (state.Epoch == RecordBatch.NoProducerEpoch)
            return true;
        if (epoch != state.Epoch)
            return firstSequence == 0;
        int last = state.BatchCount == 0 ? RecordBatch.NoSequence : state.LastBatch.LastSequence;
        return firstSequence == (last == int.MaxValue ? 0 : last + 1);
    }

    /// <summary>Makes room for a tenth, so that a flood of producers costs little each.</summary>
    private void Shed()
    {
        long[] oldest = [.. _producers.Where(pair => pair.Value.CurrentTransactionFirstOffset < 0)
            .OrderBy(pair => pair.Value.LastTimestamp).ThenBy(pair => pair.Key)
            .Take(MaxProducers / 10).Select(pair => pair.Key)];
        foreach (long id in oldest)
            _producers.Remove(id);
    }
}
