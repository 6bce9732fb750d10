using System.Buffers.Binary;
using Millrace.Core.Log.Segments;
using Millrace.Protocol.Records;

namespace Millrace.Core.Log.Cleaner;

/// <summary>
/// Follows the transactions of a log from its first batch on, knowing beforehand which were aborted: says of data
/// whether it is aborted, and of a marker whether its transaction has any data left. One pass over one log owns it.
/// 1. All that it sees lies below the last stable offset, so every transaction is decided.
/// </summary>
internal sealed class CleanedTransactions
{
    private const short Abort = 0;
    private const short Commit = 1;

    private readonly Queue<AbortedTransaction> _ahead;
    private readonly Dictionary<long, AbortedTransaction> _aborted = [];
    private readonly HashSet<long> _withData = [];

    /// <param name="aborted">Those with anything at or behind the first batch.</param>
    public CleanedTransactions(IEnumerable<AbortedTransaction> aborted) =>
        _ahead = new Queue<AbortedTransaction>(aborted.OrderBy(transaction => transaction.FirstOffset));

    /// <summary>True if the batch belongs to an aborted transaction.</summary>
    public bool OnData(scoped in RecordBatch batch)
    {
        Enter(batch.LastOffset);
        if (!batch.IsTransactional)
            return false;
        _withData.Add(batch.ProducerId);
        return _aborted.TryGetValue(batch.ProducerId, out AbortedTransaction aborted)
            && batch.LastOffset < aborted.LastOffset;
    }

    /// <summary>
    /// True if no data of the marker's transaction was met, so that the marker may go in time; otherwise
    /// <paramref name="remaining"/> is what the index of aborted transactions has to keep, if it was aborted.
    /// </summary>
    public bool OnMarker(scoped in RecordBatch batch, out AbortedTransaction? remaining)
    {
        remaining = null;
        Enter(batch.LastOffset);
        RecordEnumerator records = batch.Records(batch.RecordBytes);
        if (!records.MoveNext())
            return true;
        ReadOnlySpan<byte> key = records.Current.Key;
        short type = key.Length < 2 * sizeof(short) ? (short)-1 : BinaryPrimitives.ReadInt16BigEndian(key[2..]);
        if (type is not (Abort or Commit))
            return false;
        bool hasData = _withData.Remove(batch.ProducerId);
        if (type == Abort && _aborted.Remove(batch.ProducerId, out AbortedTransaction aborted) && hasData)
            remaining = aborted;
        return !hasData;
    }

    private void Enter(long offset)
    {
        while (_ahead.TryPeek(out AbortedTransaction next) && next.FirstOffset <= offset)
        {
            _ahead.Dequeue();
            _aborted[next.ProducerId] = next;
        }
    }
}
