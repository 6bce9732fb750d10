namespace Millrace.Core.Log.Segments;

/// <summary>
/// Which bytes of a segment file have had their checksums compared since the file was opened. Any thread.
/// 1. A range is added only after all its batches were sound. 2. At most <see cref="MostRanges"/> are remembered; a
/// forgotten one is compared again.
/// </summary>
internal sealed class VerifiedRanges
{
    private const int MostRanges = 16;

    private readonly Lock _lock = new();
    private readonly List<(long From, long To)> _ranges = [];

    /// <summary>Up to where the bytes from a position on are known to be sound; the position itself if they are not.
    /// </summary>
    public long EndFrom(long position)
    {
        lock (_lock)
        {
            foreach ((long from, long to) in _ranges)
            {
                if (from <= position && position < to)
                    return to;
            }
        }

        return position;
    }

    public void Add(long from, long to)
    {
        if (from >= to)
            return;
        lock (_lock)
        {
            for (int i = _ranges.Count - 1; i >= 0; i--)
            {
                if (_ranges[i].From > to || _ranges[i].To < from)
                    continue;
                from = Math.Min(from, _ranges[i].From);
                to = Math.Max(to, _ranges[i].To);
                _ranges.RemoveAt(i);
            }

            if (_ranges.Count == MostRanges)
                _ranges.RemoveAt(0);
            _ranges.Add((from, to));
        }
    }

    public void Clear()
    {
        lock (_lock)
            _ranges.Clear();
    }
}
