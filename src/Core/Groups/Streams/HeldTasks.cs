using System.Collections.Immutable;

namespace Millrace.Core.Groups.Streams;

/// <summary>Tasks that a member has; its active ones with the epoch at which it got each (KIP-1251).</summary>
internal sealed record HeldTasks(
    ImmutableSortedDictionary<TaskId, int> Active, ImmutableSortedSet<TaskId> Standby,
    ImmutableSortedSet<TaskId> Warmup)
{
    public static readonly HeldTasks None = new(ImmutableSortedDictionary<TaskId, int>.Empty, [], []);

    public bool IsEmpty => Active.IsEmpty && Standby.IsEmpty && Warmup.IsEmpty;

    /// <summary>Whether any of them is among these, in the same role.</summary>
    public bool Overlaps(StreamsTasks tasks) =>
        Active.Keys.Any(tasks.Active.Contains) || Standby.Overlaps(tasks.Standby) || Warmup.Overlaps(tasks.Warmup);

    /// <summary>Whether all of these are among them, in the same role.</summary>
    public bool Includes(StreamsTasks tasks) =>
        tasks.Active.All(Active.ContainsKey) && Standby.IsSupersetOf(tasks.Standby)
        && Warmup.IsSupersetOf(tasks.Warmup);

    public bool Equals(HeldTasks? other) =>
        other is not null && Active.SequenceEqual(other.Active) && Standby.SetEquals(other.Standby)
        && Warmup.SetEquals(other.Warmup);

    public override int GetHashCode() => HashCode.Combine(Active.Count, Standby.Count, Warmup.Count);
}
