using Millrace.Core.Log.Segments;
using Millrace.Core.Model;

namespace Millrace.Core.Log.Cleaner;

/// <summary>
/// Puts neighbouring segments together that fit into one, so that cleaned segments don't become ever smaller.
/// </summary>
internal static class SegmentGroups
{
    public static List<Segment[]> Of(ReadOnlySpan<Segment> segments, LogSettings settings, Offset firstUncleanable)
    {
        var groups = new List<Segment[]>();
        for (int start = 0, end; start < segments.Length; start = end)
        {
            long size = segments[start].Size;
            long offsets = OffsetIndexBytes(segments[start]);
            long times = TimeIndexBytes(segments[start]);
            for (end = start + 1; end < segments.Length; end++)
            {
                Segment next = segments[end];
                size += next.Size;
                offsets += OffsetIndexBytes(next);
                times += TimeIndexBytes(next);
                Offset endOffset = end + 1 < segments.Length ? segments[end + 1].BaseOffset : firstUncleanable;
                if (size > settings.SegmentBytes || offsets > settings.SegmentIndexBytes
                    || times > settings.SegmentIndexBytes
                    || (next.Size > 0 && endOffset - segments[start].BaseOffset - 1 > int.MaxValue))
                    break;
            }

            groups.Add(segments[start..end].ToArray());
        }

        return groups;
    }

    private static long OffsetIndexBytes(Segment segment) =>
        (long)segment.Indexes.Offsets.Count * OffsetIndex.EntrySize;

    private static long TimeIndexBytes(Segment segment) => (long)segment.Indexes.Times.Count * TimeIndex.EntrySize;
}
