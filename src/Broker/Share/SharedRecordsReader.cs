using Millrace.Broker.Partitions;
using Millrace.Core.Log;
using Millrace.Core.Log.Segments;
using Millrace.Core.Model;
using Millrace.Core.Share;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Share;

/// <summary>
/// A part of a log as a share partition needs it: where its batches begin and end, without their records.
/// </summary>
internal sealed class SharedRecordsReader
{
    private readonly LogSlice _slice;
    private readonly List<FetchedBatch> _batches = [];
    private readonly List<long> _ends = []; // of the batches, counted in bytes from the slice's begin

    private SharedRecordsReader(LogSlice slice)
    {
        _slice = slice;
        Error = slice.Error;
    }

    public ErrorCode Error { get; private set; }

    public IReadOnlyList<FetchedBatch> Batches => _batches;

    /// <summary>
    /// Reads from an offset on; of as many offsets as may be of use, and the rest of the batch that holds the last.
    /// </summary>
    public static SharedRecordsReader Read(
        Partition partition, long from, int maxBytes, Offset visible, long offsets, bool isReadCommitted)
    {
        var reader = new SharedRecordsReader(
            partition.Log.Read(new Offset(from), maxBytes, visible, atLeastOneBatch: true));
        if (reader._slice.Length == 0)
            return reader;
        try
        {
            IReadOnlyList<AbortedTransaction> aborted = isReadCommitted
                ? partition.Log.AbortedTransactions(new Offset(from), reader._slice.EndOffset)
                : [];
            reader.Walk(from + offsets, aborted);
        }
        catch (IOException)
        {
            reader.Error = ErrorCode.KafkaStorageError;
        }

        return reader;
    }

    /// <summary>The batches from the first acquired record to the last.</summary>
    public SharedRecords Records(IReadOnlyList<AcquiredRecords> acquired)
    {
        var first = _batches.FindIndex(batch => batch.LastOffset >= acquired[0].FirstOffset);
        var last = _batches.FindIndex(batch => batch.LastOffset >= acquired[^1].LastOffset);
        var begin = first == 0 ? 0 : _ends[first - 1];
        var records = new RecordData(_slice.Source!, _slice.Position + begin, (int)(_ends[last] - begin));
        return new SharedRecords(ErrorCode.None, records, acquired);
    }

    private void Walk(long until, IReadOnlyList<AbortedTransaction> aborted)
    {
        Span<byte> header = stackalloc byte[RecordBatch.HeaderSize];
        for (var position = 0L; position < _slice.Length;)
        {
            _slice.Source!.Read(_slice.Position + position, header);
            var batch = RecordBatch.FromHeader(header);
            position += batch.SizeInBytes;
            var (producer, offset) = (batch.ProducerId, batch.BaseOffset);
            _batches.Add(new FetchedBatch(
                batch.BaseOffset,
                batch.LastOffset,
                batch is { IsTransactional: true, IsControl: false } && aborted.Any(transaction =>
                    transaction.ProducerId == producer
                    && transaction.FirstOffset <= offset && offset <= transaction.LastOffset)));
            _ends.Add(position);
            if (batch.LastOffset >= until)
                break;
        }
    }
}
