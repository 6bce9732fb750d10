using System.Collections.Immutable;
using Millrace.Core.Groups.Modern;

namespace Millrace.Core.Groups.Streams;

/// <summary>Where other members can ask a member about its state (interactive queries).</summary>
internal readonly record struct UserEndpoint(string Host, ushort Port);

/// <summary>A member of a streams group, as its records have it: a thread of a process of the application.</summary>
internal sealed record StreamsMember(string MemberId) : ModernMember(MemberId)
{
    /// <summary>The epoch of the topology that it runs; -1 before it said so.</summary>
    public int TopologyEpoch { get; init; } = -1;

    /// <summary>Members of one process share its state directories.</summary>
    public string ProcessId { get; init; } = "";

    public UserEndpoint? UserEndpoint { get; init; }

    public ImmutableSortedDictionary<string, string> ClientTags { get; init; } = NoTags;

    /// <summary>What it may run.</summary>
    public HeldTasks Assigned { get; init; } = HeldTasks.None;

    /// <summary>What it is to give up and may still run.</summary>
    public HeldTasks PendingRevocation { get; init; } = HeldTasks.None;

    public static ImmutableSortedDictionary<string, string> NoTags { get; } =
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>The epoch at which it got an active task that it has.</summary>
    public bool Runs(TaskId task, out int since) =>
        Assigned.Active.TryGetValue(task, out since) || PendingRevocation.Active.TryGetValue(task, out since);

    /// <summary>Whether its metadata record would be the same.</summary>
    public bool IsDescribedAs(StreamsMember other) =>
        InstanceId == other.InstanceId && ClientId == other.ClientId && ClientHost == other.ClientHost
        && RebalanceTimeoutMs == other.RebalanceTimeoutMs && UserEndpoint == other.UserEndpoint
        && IsAssignableAs(other);

    /// <summary>Whether nothing of it has changed that an assignment may depend on.</summary>
    public bool IsAssignableAs(StreamsMember other) =>
        TopologyEpoch == other.TopologyEpoch && RackId == other.RackId && ProcessId == other.ProcessId
        && ClientTags.SequenceEqual(other.ClientTags);

    /// <summary>Whether its assignment record would be the same.</summary>
    public bool IsAssignedAs(StreamsMember other) =>
        Epoch == other.Epoch && PreviousEpoch == other.PreviousEpoch && State == other.State
        && Assigned == other.Assigned && PendingRevocation == other.PendingRevocation;
}
