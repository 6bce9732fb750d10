using System.Runtime.CompilerServices;

namespace Millrace.Core.Log;

/// <summary>A batch as far as duplicates are concerned.</summary>
internal readonly record struct ProducedBatch(
    int FirstSequence, int LastSequence, long LastOffset, int OffsetDelta, long Timestamp)
{
    public long FirstOffset => LastOffset - OffsetDelta;
}

/// <summary>What a partition knows of one producer: its epoch and its last five batches, oldest first.</summary>
internal sealed class ProducerState(short epoch)
{
    private const int Remembered = 5;

    private Batches _batches;

    public short Epoch { get; private set; } = epoch;

    public int CoordinatorEpoch { get; set; } = -1;

    /// <summary>-1 while no transaction is open.</summary>
    public long CurrentTransactionFirstOffset { get; set; } = -1;

    public bool HasOpenTransaction => CurrentTransactionFirstOffset >= 0;

    /// <summary>When the producer was last heard of, by the clock or its records, whichever is later.</summary>
    public long LastTimestamp { get; set; }

    /// <summary>Of its last record or marker; null until there is one after the log was opened.</summary>
    public long? LastRecordTimestamp { get; set; }

    public int BatchCount { get; private set; }

    public ProducedBatch LastBatch => _batches[BatchCount - 1];

    public void BumpTo(short epoch)
    {
        if (epoch == Epoch)
            return;
        Epoch = epoch;
        BatchCount = 0;
    }

    public void Add(ProducedBatch batch)
    {
        if (BatchCount == Remembered)
        {
            for (int i = 1; i < Remembered; i++)
                _batches[i - 1] = _batches[i];
            BatchCount--;
        }

        _batches[BatchCount++] = batch;
    }

    /// <summary>Puts before the batches those that another reading of the log found before them.</summary>
    public void Recall(ProducerState read)
    {
        if (BatchCount == 0 || read.Epoch != Epoch)
            return;
        int before = 0;
        while (before < read.BatchCount && read._batches[before].LastOffset != _batches[0].LastOffset)
            before++;
        if (before == read.BatchCount)
            return;
        int taken = Math.Min(before, Remembered - BatchCount);
        for (int i = BatchCount - 1; i >= 0; i--)
            _batches[i + taken] = _batches[i];
        for (int i = 0; i < taken; i++)
            _batches[i] = read._batches[before - taken + i];
        BatchCount += taken;
    }

    public bool TryFind(int firstSequence, int lastSequence, out ProducedBatch batch)
    {
        for (int i = 0; i < BatchCount; i++)
        {
            batch = _batches[i];
            if (batch.FirstSequence == firstSequence && batch.LastSequence == lastSequence)
                return true;
        }

        batch = default;
        return false;
    }

    [InlineArray(Remembered)]
    private struct Batches
    {
        private ProducedBatch _first;
    }
}
