using System.Collections.Immutable;

namespace Millrace.Core.Groups.Streams;

/// <summary>Tasks by what is done with them: run, kept up to date elsewhere, caught up before they are moved.</summary>
internal sealed record StreamsTasks(
    ImmutableSortedSet<TaskId> Active, ImmutableSortedSet<TaskId> Standby, ImmutableSortedSet<TaskId> Warmup)
{
    public static readonly StreamsTasks None = new([], [], []);

    public bool Equals(StreamsTasks? other) =>
        other is not null && Active.SetEquals(other.Active) && Standby.SetEquals(other.Standby)
        && Warmup.SetEquals(other.Warmup);

    public override int GetHashCode() => HashCode.Combine(Active.Count, Standby.Count, Warmup.Count);
}
