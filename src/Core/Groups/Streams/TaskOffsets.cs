namespace Millrace.Core.Groups.Streams;

/// <summary>
/// How far a member's state of its tasks goes, as it said last: sums of changelog offsets, and of the changelogs' ends.
/// </summary>
internal sealed record TaskOffsets(
    IReadOnlyDictionary<TaskId, long> Offsets, IReadOnlyDictionary<TaskId, long> EndOffsets)
{
    public static readonly TaskOffsets None =
        new(new Dictionary<TaskId, long>(), new Dictionary<TaskId, long>());
}
