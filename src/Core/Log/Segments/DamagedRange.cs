using Millrace.Core.Model;

namespace Millrace.Core.Log.Segments;

/// <summary>Why a log cannot give some of its offsets.</summary>
internal enum DamageKind
{
    /// <summary>Their bytes are there and wrong.</summary>
    Damaged,

    /// <summary>Their bytes are not there.</summary>
    Missing,

    /// <summary>
    /// They stood behind what could still be read at the end of the log, and new records take their place.
    /// </summary>
    Cut,
}

/// <summary>
/// Offsets from <paramref name="From"/> up to <paramref name="End"/>, exclusive, that a log cannot give.
/// </summary>
/// <param name="Kind">What became of them.</param>
/// <param name="From">The first of them.</param>
/// <param name="End">The next offset that can be read; for what was cut, the last known one and 1.</param>
/// <param name="File">The segment file.</param>
/// <param name="Position">Where in the file the trouble begins.</param>
/// <param name="EndPosition">Where sound batches go on.</param>
internal sealed record DamagedRange(
    DamageKind Kind, Offset From, Offset End, string File, long Position, long EndPosition)
{
    /// <summary>For the operator: what is lost, where, and what to do.</summary>
    public string Describe(TopicPartition partition)
    {
        string what = Kind switch
        {
            DamageKind.Damaged => "damaged",
            DamageKind.Missing => "missing",
            _ => "cut",
        };
        if (Kind != DamageKind.Cut && End <= From)
            return $"{partition}: bytes that hold no record are passed over ({File}, {Position} to {EndPosition}).";
        string place = $"({File} at position {Position})";
        string offsets = End > From
            ? $"offsets {From} to {End + -1} are {what} {place}"
            : $"an unfinished batch at offset {From} is {what} {place}";
        string remedy = Kind == DamageKind.Cut
            ? "What was not yet on stable storage when the machine stopped is not known to be whole."
            : $"A consumer goes on at offset {End}. To have them back, stop the server before you put a copy in the "
                + "file's place: one that is older lacks the newest records (docs/durability.md, Restoring).";
        return $"{partition}: {offsets}. {remedy}";
    }
}
