using System.Runtime.InteropServices;
using Millrace.Core.Model;

namespace Millrace.Core.Share;

/// <summary>
/// What has become of each offset from a start to an end, as ranges. 1. The ranges ascend and tile what lies between
/// the start and the end, without a hole. 2. Neighbours that fared alike are one range once
/// <see cref="Join"/> was called.
/// </summary>
internal sealed class RecordRanges(long start)
{
    private readonly List<RecordRange> _ranges = [];

    /// <summary>The first offset.</summary>
    public long Start { get; private set; } = start;

    /// <summary>The offset behind the last.</summary>
    public long End { get; private set; } = start;

    public ReadOnlySpan<RecordRange> All => CollectionsMarshal.AsSpan(_ranges);

    public RecordRanges Copy()
    {
        var copy = new RecordRanges(Start) { End = End };
        copy._ranges.AddRange(_ranges);
        return copy;
    }

    /// <summary>Adds a range at the end.</summary>
    public void Add(in RecordRange range)
    {
        Invariant.That(range.First == End && range.Last >= range.First);
        _ranges.Add(range);
        End = range.Last + 1;
    }

    /// <summary>
    /// Changes what lies from <paramref name="first"/> to <paramref name="last"/> and between start and end, range by
    /// range; ranges that reach further are split.
    /// </summary>
    public void Change(long first, long last, Func<RecordRange, RecordRange> change)
    {
        first = Math.Max(first, Start);
        last = Math.Min(last, End - 1);
        if (first > last)
            return;
        Split(first);
        Split(last + 1);
        for (var i = IndexOf(first); i < _ranges.Count && _ranges[i].First <= last; i++)
        {
            var changed = change(_ranges[i]);
            Invariant.That(changed.First == _ranges[i].First && changed.Last == _ranges[i].Last);
            _ranges[i] = changed;
        }
    }

    /// <summary>What lies from the first to the last offset, cut to that.</summary>
    public IEnumerable<RecordRange> Between(long first, long last)
    {
        for (var i = IndexOf(first); i < _ranges.Count && _ranges[i].First <= last; i++)
            yield return _ranges[i] with
            {
                First = Math.Max(_ranges[i].First, first),
                Last = Math.Min(_ranges[i].Last, last),
            };
    }

    /// <summary>Makes neighbours that fared alike one range, and lets what is done go from the start.</summary>
    public void Join()
    {
        var kept = 0;
        for (var i = 0; i < _ranges.Count; i++)
        {
            var range = _ranges[i];
            if (kept > 0 && _ranges[kept - 1].IsGoneOnBy(range))
                _ranges[kept - 1] = _ranges[kept - 1] with { Last = range.Last };
            else if (kept > 0 || !range.IsDone)
                _ranges[kept++] = range;
        }

        _ranges.RemoveRange(kept, _ranges.Count - kept);
        Start = kept == 0 ? End : _ranges[0].First;
    }

    /// <summary>The range that holds the offset, or the first one behind it.</summary>
    private int IndexOf(long offset)
    {
        var (low, high) = (0, _ranges.Count);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_ranges[middle].Last < offset)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    /// <summary>A range begins at the offset, where there is one that holds it.</summary>
    private void Split(long offset)
    {
        var index = IndexOf(offset);
        if (index == _ranges.Count || _ranges[index].First >= offset)
            return;
        var range = _ranges[index];
        _ranges[index] = range with { Last = offset - 1 };
        _ranges.Insert(index + 1, range with { First = offset });
    }
}
