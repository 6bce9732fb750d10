using System.Buffers.Binary;
using Millrace.Core.Log.Segments;

namespace Millrace.Core.Log.Verification;

/// <summary>
/// Compares a segment's .index with its batches, which it is shown in order. An entry names the last offset of the
/// batch that starts at its position, or of a later one that was appended with it.
/// </summary>
internal sealed class OffsetIndexCheck : IDisposable
{
    private const string Advice = "Delete the file while the broker is stopped; the next start makes it again.";

    private readonly EntryReader _entries;
    private readonly FileFindings _findings;
    private readonly SegmentFacts _segment;
    private readonly Severity _severity;
    private long _offset = -1;
    private long _position = -1;
    private bool _isOpen; // the entry's position was met, its offset not yet

    public OffsetIndexCheck(IDiskFile file, SegmentFacts segment, FileFindings findings)
    {
        _entries = new EntryReader(file, OffsetIndex.EntrySize, mayEndInZeros: true);
        (_findings, _segment, _severity) = (findings, segment, segment.Derived);
        MoveNext();
    }

    public void Batch(long position, long lastOffset)
    {
        if (_isOpen)
            Settle(lastOffset);
        while (_entries.HasCurrent && _position < position)
        {
            Report("index-position", $"No batch starts at position {_position}, where the entry for offset {_offset} "
                + "points.");
            MoveNext();
        }

        if (!_entries.HasCurrent || _position != position || _isOpen)
            return;
        if (_offset < lastOffset)
        {
            Report("index-offset", $"The entry says offset {_offset} for position {_position}; the batch there ends at "
                + $"{lastOffset}.");
            MoveNext();
            return;
        }

        _isOpen = true;
        Settle(lastOffset);
    }

    /// <summary>A damaged range of the log: its entries can't be judged.</summary>
    public void Skip(long end)
    {
        while (_entries.HasCurrent && _position < end)
            MoveNext();
    }

    public void End(long end)
    {
        if (_isOpen)
            Settle(long.MaxValue);
        while (_entries.HasCurrent)
        {
            if (!_segment.IsGrowing)
            {
                Report("index-position", $"The entry for offset {_offset} points to position {_position}, and the log "
                    + $"ends at {end}.");
            }

            MoveNext();
        }

        EndOfFile(_entries, _findings, _severity, Advice, "index-size");
    }

    public static void EndOfFile(
        EntryReader entries, FileFindings findings, Severity severity, string advice, string check)
    {
        if (entries.Rest > 0)
        {
            findings.Add(severity, check, $"The last {entries.Rest} bytes are neither an entry nor zeros.", advice,
                Place.At(entries.Position));
        }
    }

    public void Dispose() => _entries.Dispose();

    private void Settle(long lastOffset)
    {
        if (lastOffset < _offset)
            return;
        _isOpen = false;
        if (lastOffset > _offset)
        {
            Report("index-offset", $"The entry says offset {_offset} for position {_position}; no batch from there on "
                + "ends at it.");
        }

        MoveNext();
    }

    private void MoveNext()
    {
        (long offset, long position) = (_offset, _position);
        while (_entries.MoveNext())
        {
            (_offset, _position) = Read(_entries.Current);
            if (_offset > offset && _position > position && !IsOdd(offset, position))
                return;
            Report("index-order", $"The entry for offset {_offset} at position {_position} does not ascend from "
                + $"offset {offset}, position {position}.");
        }
    }

    /// <summary>The entries before and behind ascend, and this one does not stand between them.</summary>
    private bool IsOdd(long offset, long position)
    {
        ReadOnlySpan<byte> entry = _entries.Peek();
        if (entry.IsEmpty)
            return false;
        (long nextOffset, long nextPosition) = Read(entry);
        return nextOffset > offset && nextPosition > position && (nextOffset <= _offset || nextPosition <= _position);
    }

    private (long Offset, long Position) Read(ReadOnlySpan<byte> entry) =>
        (_segment.BaseOffset + BinaryPrimitives.ReadInt32BigEndian(entry),
            BinaryPrimitives.ReadInt32BigEndian(entry[sizeof(int)..]));

    private void Report(string check, string problem) => _findings.Add(
        _severity, check, problem, Advice, Place.At(_entries.Position, Math.Max(_offset, -1)));
}
