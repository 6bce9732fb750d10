using System.Buffers.Binary;
using Millrace.Core.Log.Segments;
using Millrace.Protocol.Records;

namespace Millrace.Core.Log.Verification;

/// <summary>
/// Compares a segment's .timeindex with its batches, which it is shown in order. An entry (t, o) says that t is the
/// greatest timestamp of the batch that holds o, and that nothing up to there is later; the last entry of a segment
/// that was closed holds its greatest timestamp.
/// </summary>
internal sealed class TimeIndexCheck : IDisposable
{
    private const string Advice = "Delete the file while the broker is stopped; the next start makes it again.";

    private readonly EntryReader _entries;
    private readonly FileFindings _findings;
    private readonly SegmentFacts _segment;
    private readonly Severity _severity;
    private long _timestamp = -1;
    private long _offset = -1;
    private long _greatest = RecordBatch.NoTimestamp;
    private long _lastIndexed = RecordBatch.NoTimestamp;
    private bool _isCertain = true;

    public TimeIndexCheck(IDiskFile file, SegmentFacts segment, FileFindings findings)
    {
        _entries = new EntryReader(file, TimeIndex.EntrySize, mayEndInZeros: true);
        (_findings, _segment, _severity) = (findings, segment, segment.Derived);
        MoveNext();
    }

    public void Batch(scoped in RecordBatch batch)
    {
        if (batch.Count > 0) // one that cleaning has emptied has no record of that time
            _greatest = Math.Max(_greatest, batch.MaxTimestamp);
        while (_entries.HasCurrent && _offset <= batch.LastOffset)
        {
            if (_offset < batch.BaseOffset)
            {
                if (_isCertain)
                    Report("timeindex-offset", $"No batch holds offset {_offset}, which the entry names.");
            }
            else if (batch.MaxTimestamp != _timestamp)
            {
                Report("timeindex-timestamp", $"The entry says timestamp {_timestamp} for offset {_offset}; the batch "
                    + $"there has {batch.MaxTimestamp}.");
            }
            else if (_greatest > _timestamp)
            {
                Report("timeindex-timestamp", $"The entry says that nothing up to offset {_offset} is later than "
                    + $"{_timestamp}; a record before has {_greatest}.");
            }

            MoveNext();
        }
    }

    /// <summary>The log is damaged here: what was in it may be what an entry is about.</summary>
    public void Damage() => _isCertain = false;

    public void End()
    {
        while (_entries.HasCurrent)
        {
            if (!_segment.IsGrowing && _isCertain)
                Report("timeindex-offset", $"The entry names offset {_offset}, and the log ends before it.");
            MoveNext();
        }

        bool isClosed = !_segment.IsActive || _segment.Partition.WasClosed;
        if (isClosed && _isCertain && _lastIndexed < _greatest)
        {
            _findings.Add(_severity, "timeindex-last",
                $"The last entry is of {_lastIndexed}; the greatest timestamp of the segment is {_greatest}.", Advice);
        }

        OffsetIndexCheck.EndOfFile(_entries, _findings, _severity, Advice, "timeindex-size");
    }

    public void Dispose() => _entries.Dispose();

    private void MoveNext()
    {
        (long timestamp, long offset) = (_timestamp, _offset);
        while (_entries.MoveNext())
        {
            (_timestamp, _offset) = Read(_entries.Current);
            if (_timestamp > timestamp && _offset > offset && !IsOdd(timestamp, offset))
            {
                _lastIndexed = _timestamp;
                return;
            }

            Report("timeindex-order", $"The entry of {_timestamp} for offset {_offset} does not ascend from "
                + $"{timestamp}, offset {offset}.");
        }
    }

    /// <summary>The entries before and behind ascend, and this one does not stand between them.</summary>
    private bool IsOdd(long timestamp, long offset)
    {
        ReadOnlySpan<byte> entry = _entries.Peek();
        if (entry.IsEmpty)
            return false;
        (long nextTimestamp, long nextOffset) = Read(entry);
        return nextTimestamp > timestamp && nextOffset > offset
            && (nextTimestamp <= _timestamp || nextOffset <= _offset);
    }

    private (long Timestamp, long Offset) Read(ReadOnlySpan<byte> entry) =>
        (BinaryPrimitives.ReadInt64BigEndian(entry),
            _segment.BaseOffset + BinaryPrimitives.ReadInt32BigEndian(entry[sizeof(long)..]));

    private void Report(string check, string problem) => _findings.Add(
        _severity, check, problem, Advice, Place.At(_entries.Position, Math.Max(_offset, -1)));
}
