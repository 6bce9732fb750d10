using System.Collections.Immutable;

namespace Millrace.Core.Groups.Modern;

/// <summary>Where a member is on its way to the target assignment.</summary>
internal enum MemberState
{
    /// <summary>It has what it is to have at its epoch.</summary>
    Stable,

    /// <summary>It must give up partitions before it gets a new epoch.</summary>
    UnrevokedPartitions,

    /// <summary>It has its epoch, but others have not given up yet all that it is to have.</summary>
    UnreleasedPartitions,
}

/// <summary>
/// A member of a group whose assignment the broker computes, as its records have it. Immutable: what a request changes
/// is a new value, which becomes the group's when its records are replayed.
/// </summary>
internal abstract record ModernMember(string MemberId)
{
    /// <summary>The epoch of a static member that is away for a while.</summary>
    public const int AwayEpoch = -2;

    /// <summary>Set for static members (KIP-345).</summary>
    public string? InstanceId { get; init; }

    public string? RackId { get; init; }

    public string ClientId { get; init; } = "";

    public string ClientHost { get; init; } = "";

    /// <summary>How long it may take to give partitions up.</summary>
    public int RebalanceTimeoutMs { get; init; } = -1;

    /// <summary>In ordinal order.</summary>
    public ImmutableSortedSet<string> SubscribedTopicNames { get; init; } = NoNames;

    public int Epoch { get; init; }

    public int PreviousEpoch { get; init; }

    public MemberState State { get; init; }

    /// <summary>No names, with the order that sets of names have.</summary>
    public static ImmutableSortedSet<string> NoNames { get; } =
        ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    /// <summary>Whether it has all of a target assignment.</summary>
    public bool IsReconciledTo(int targetEpoch) => State == MemberState.Stable && Epoch == targetEpoch;
}
