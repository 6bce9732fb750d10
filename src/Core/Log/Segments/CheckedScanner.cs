using Millrace.Protocol.Records;

namespace Millrace.Core.Log.Segments;

/// <summary>
/// Walks the batches of a segment and gives only sound ones: right header, right checksum unless that was compared
/// before, offsets that go on from the batch before. It stops at damage and says where.
/// </summary>
internal ref struct CheckedScanner
{
    private readonly Segment _segment;
    private readonly long _from;
    private readonly long _end;
    private readonly long _gapsBelow;
    private BatchScanner _batches;
    private long _verifiedTo;

    /// <param name="segment">What is read.</param>
    /// <param name="position">Where a batch begins.</param>
    /// <param name="expected">The offset that the first batch begins at; -1 if that is not known.</param>
    /// <param name="window">See <see cref="BatchScanner"/>.</param>
    public CheckedScanner(Segment segment, long position, long expected, Span<byte> window)
    {
        _segment = segment;
        _from = position;
        _end = segment.Size;
        _gapsBelow = segment.GapsBelow.Value;
        _batches = new BatchScanner(segment.File, position, _end, window);
        _verifiedTo = segment.VerifiedEnd(position);
        Next = position;
        Expected = expected;
    }

    public readonly RecordBatch Header => _batches.Header;

    public readonly long Position => _batches.Position;

    /// <summary>Where the next batch begins, or where the damage is.</summary>
    public long Next { get; private set; }

    /// <summary>The offset that follows the current batch; -1 if that is not known.</summary>
    public long Expected { get; private set; }

    /// <summary>Set when <see cref="MoveNext"/> stopped before the end of the file.</summary>
    public bool IsDamaged { get; private set; }

    public bool MoveNext()
    {
        if (!_batches.MoveNext())
        {
            IsDamaged = Next < _end;
            return false;
        }

        if (!IsSound())
        {
            IsDamaged = true;
            return false;
        }

        Next = _batches.Next;
        Expected = Header.LastOffset + 1;
        return true;
    }

    /// <summary>What was walked over is remembered as sound.</summary>
    public readonly void Remember()
    {
        if (Next > _segment.VerifiedEnd(_from))
            _segment.AddVerified(_from, Next);
    }

    private bool IsSound()
    {
        RecordBatch header = _batches.Header;
        if (Expected < 0 && header.BaseOffset < _segment.NextOffset.Value)
            Expected = header.BaseOffset; // an index entry led here, which the log bears out
        if (header.LastOffsetDelta < 0
            || header.BaseOffset < Math.Max(Expected, _segment.BaseOffset.Value)
            || (Expected >= 0 && header.BaseOffset > Math.Max(Expected, _gapsBelow))
            || header.LastOffset >= _segment.NextOffset.Value)
            return false;
        if (_batches.Position >= _verifiedTo)
            _verifiedTo = _segment.VerifiedEnd(_batches.Position);
        return _batches.Next <= _verifiedTo
            || BatchChecksum.IsValid(_segment.File, _batches.Position, header);
    }
}
