using Millrace.Protocol.Records;
using Millrace.Protocol.Records.Compression;

namespace Millrace.Core.Log.Verification;

/// <summary>
/// Follows the producers of a partition through its log: epochs that never fall, sequences without gap or repetition,
/// transactions that begin and end. Shown every good batch in order, and told of what is missing.
/// 1. Where something is missing, nothing is said about what cannot be known.
/// </summary>
internal sealed class ProducerCheck(PartitionFacts facts)
{
    private const int HalfOfSequences = 1 << 30;
    private const int MarkerLimit = 64 * 1024;

    private readonly Dictionary<long, ProducerTrace> _producers = [];
    private readonly SortedSet<(long FirstOffset, long ProducerId)> _open = [];
    private long _missingUpTo = -1;
    private bool _isFull;

    /// <summary>Every batch since offset 0, or since a snapshot at the log's start, was seen.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Offsets are missing without damage: the log was cleaned.</summary>
    public bool IsSparse { get; private set; }

    public IReadOnlyDictionary<long, ProducerTrace> Producers => _producers;

    /// <summary>The log begins here with these producers.</summary>
    public void Begin(IReadOnlyList<ProducerTrace> producers)
    {
        IsComplete = true;
        foreach (ProducerTrace producer in producers)
            Store(producer);
    }

    /// <summary>Batches up to an offset can't be read: what the producers did there is not known.</summary>
    public void Damage(long lastOffset)
    {
        IsComplete = false;
        _producers.Clear();
        _open.Clear();
        _missingUpTo = Math.Max(_missingUpTo, lastOffset);
    }

    /// <summary>Offsets up to this one are not in the log.</summary>
    public void Gap(long lastOffset)
    {
        IsSparse = true;
        _missingUpTo = lastOffset;
    }

    public TransactionEnd? Batch(scoped in RecordBatch batch, long position, FileFindings findings)
    {
        if (batch.Count <= batch.LastOffsetDelta)
            IsSparse = true;
        if (!batch.HasProducerId)
            return null;
        ProducerTrace? known = _producers.GetValueOrDefault(batch.ProducerId);
        if (known is null && _producers.Count >= ProducerStates.MaxProducers)
            return Refuse(findings);
        Place place = Place.At(position, batch.BaseOffset, batch.LastOffset);
        if (known is not null && batch.ProducerEpoch < known.Epoch)
        {
            findings.Add(Certain, "producer-epoch",
                $"The epoch of producer {batch.ProducerId} falls from {known.Epoch} to {batch.ProducerEpoch}.",
                "A fenced producer may have written: look at what it wrote.", place);
        }

        if (batch.IsControl)
            return Marker(batch, known);
        if (known is not null)
            CheckSequence(batch, known, place, findings);
        Store(new ProducerTrace
        {
            ProducerId = batch.ProducerId,
            Epoch = batch.ProducerEpoch,
            CoordinatorEpoch = known?.CoordinatorEpoch ?? -1,
            LastSequence = batch.LastSequence,
            LastOffset = batch.LastOffset,
            OffsetDelta = batch.LastOffsetDelta,
            LastTimestamp = batch.MaxTimestamp,
            TransactionFirstOffset = known is { TransactionFirstOffset: >= 0 } ? known.TransactionFirstOffset
                : batch.IsTransactional ? batch.BaseOffset : -1,
        });
        return null;
    }

    private Severity Certain => facts.Cleaning == Cleaning.Never ? Severity.Error : Severity.Warning;

    private void CheckSequence(
        scoped in RecordBatch batch, ProducerTrace known, Place place, FileFindings findings)
    {
        bool isNewEpoch = batch.ProducerEpoch != known.Epoch;
        int expected = isNewEpoch ? 0 : (int)((known.LastSequence + 1L) & int.MaxValue);
        bool hasNothing = !isNewEpoch && known.LastOffset < 0;
        if (batch.BaseSequence == expected || hasNothing || known.LastOffset < _missingUpTo)
            return;
        string what = $"Producer {batch.ProducerId}, epoch {batch.ProducerEpoch}, goes on at sequence "
            + $"{batch.BaseSequence}; after {(isNewEpoch ? "a new epoch" : known.LastSequence)} comes {expected}.";
        int behind = (int)(((long)expected - batch.BaseSequence) & int.MaxValue);
        if (!isNewEpoch && behind < HalfOfSequences)
        {
            findings.Add(Certain, "producer-repeated", what,
                $"Records may stand twice in the log: compare with those up to offset {known.LastOffset}.", place);
        }
        else
        {
            findings.Add(Certain, "producer-sequence", what,
                "Records of the producer may be missing before these; or it was forgotten meanwhile "
                + "(producer.id.expiration.ms).", place);
        }
    }

    private TransactionEnd? Marker(scoped in RecordBatch batch, ProducerTrace? known)
    {
        if (!TryReadMarker(batch, out int type, out int coordinatorEpoch, out long timestamp))
            return null;
        long first = known?.TransactionFirstOffset ?? -1;
        ProducerTrace state = known is not null && known.Epoch == batch.ProducerEpoch
            ? known
            : new ProducerTrace { ProducerId = batch.ProducerId, Epoch = batch.ProducerEpoch };
        if (first >= 0)
            _open.Remove((first, batch.ProducerId));
        Store(state with
        {
            CoordinatorEpoch = coordinatorEpoch,
            LastTimestamp = timestamp,
            TransactionFirstOffset = -1,
        });
        long stable = _open.Count > 0 ? _open.Min.FirstOffset : batch.LastOffset + 1;
        bool isCertain = IsComplete && !IsSparse;
        return new TransactionEnd(batch.ProducerId, type == ControlRecord.Abort, first, batch.LastOffset,
            isCertain ? stable : -1, isCertain);
    }

    private static bool TryReadMarker(
        scoped in RecordBatch batch, out int type, out int coordinatorEpoch, out long timestamp)
    {
        (type, coordinatorEpoch, timestamp) = (-1, -1, -1);
        if (batch.Count < 1 || batch.SizeInBytes > MarkerLimit
            || BatchRecords.Open(batch, MarkerLimit, out BatchRecords records) != DecompressResult.Ok)
            return false;
        using (records)
        {
            RecordEnumerator record = batch.Records(records.Bytes);
            if (!record.MoveNext())
                return false;
            type = ControlRecord.TypeOf(record.Current.Key);
            timestamp = record.Current.Timestamp;
            return ControlRecord.TryReadCoordinatorEpoch(record.Current.Value, out coordinatorEpoch)
                && type is ControlRecord.Abort or ControlRecord.Commit;
        }
    }

    private void Store(ProducerTrace producer)
    {
        _producers[producer.ProducerId] = producer;
        if (producer.TransactionFirstOffset >= 0)
            _open.Add((producer.TransactionFirstOffset, producer.ProducerId));
    }

    private TransactionEnd? Refuse(FileFindings findings)
    {
        IsComplete = false;
        if (!_isFull)
        {
            findings.Note("producers", $"The log has more than {ProducerStates.MaxProducers} producers; only the first "
                + "ones are followed.");
        }

        _isFull = true;
        return null;
    }
}

/// <summary>A transaction marker in the log.</summary>
/// <param name="ProducerId">Whose transaction ends.</param>
/// <param name="IsAbort">Or else a commit.</param>
/// <param name="FirstOffset">Of the transaction's first batch; -1 where none was seen.</param>
/// <param name="MarkerOffset">Where the marker stands.</param>
/// <param name="LastStableOffset">Once the marker was written; -1 where that is not certain.</param>
/// <param name="IsCertain">All of the log up to here was seen, and nothing was cleaned.</param>
internal readonly record struct TransactionEnd(
    long ProducerId, bool IsAbort, long FirstOffset, long MarkerOffset, long LastStableOffset, bool IsCertain);
