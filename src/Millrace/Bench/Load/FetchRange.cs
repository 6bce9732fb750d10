using Millrace.Protocol.Records;

namespace Millrace.Bench.Load;

/// <summary>Where a connection reads in a partition: from its start to an end that stays, and then again.</summary>
internal sealed class FetchRange
{
    private readonly long _start;
    private readonly long _end;

    public FetchRange(int partition, long start, long end)
    {
        Partition = partition;
        Next = _start = start;
        _end = end;
    }

    public int Partition { get; }

    /// <summary>The offset to fetch.</summary>
    public long Next { get; private set; }

    /// <summary>Takes the batch that came; it must hold <see cref="Next"/>.</summary>
    public void Accept(string topic, in RecordBatch batch, bool checksCrc)
    {
        if (batch.BaseOffset > Next || batch.LastOffset < Next)
        {
            throw new BenchException(
                $"{topic}-{Partition} brought offsets {batch.BaseOffset} to {batch.LastOffset} where {Next} was due.");
        }

        if (checksCrc && !batch.IsCrcValid)
            throw new BenchException($"{topic}-{Partition} brought a batch at {batch.BaseOffset} whose CRC is wrong.");
        Next = batch.LastOffset + 1;
    }

    public void WrapAtEnd()
    {
        if (Next >= _end)
            Next = _start;
    }
}
