using System.Collections.Immutable;
using Millrace.Core.Controller;
using Millrace.Core.Coordinators;
using Millrace.Core.Groups.Modern;
using Millrace.Core.Model;

namespace Millrace.Core.Groups.Share;

/// <summary>
/// A share group (KIP-932): members that get records of the same partitions. Served by <see cref="ShareGroups"/>.
/// </summary>
/// <remarks>
/// <para>1. Only partitions whose state the share coordinator has begun are assigned. 2. Nobody waits for another: a
/// member has what it is to have from its next heartbeat on.</para>
/// </remarks>
internal sealed class ShareGroup(string groupId)
    : ModernGroup<ShareMember, ImmutableSortedSet<TopicIdPartition>>(groupId)
{
    public override GroupType Type => GroupType.Share;

    /// <summary>What it has is taken as it is: there is nothing to settle.</summary>
    public override string StateName => IsEmpty ? "Empty" : "Stable";

    /// <summary>What the share coordinator keeps for the group.</summary>
    public SharedTopics Topics { get; set; } = SharedTopics.None;

    /// <summary>The topics for which the epoch's hash was looked at last.</summary>
    public TopicsImage? SeenTopics { get; set; }

    /// <summary>When the share coordinator was asked last to begin states; who asks then has to wait.</summary>
    public Instant AskedAt { get; set; } = new(0);

    public override void Delete(Effects effects)
    {
        ShareGroupRecords.OfGroup(effects, ShareGroupRecords.TargetEpoch, GroupId, null);
        ShareGroupRecords.OfGroup(effects, ShareGroupRecords.Topics, GroupId, null);
        ShareGroupRecords.OfGroup(effects, ShareGroupRecords.Epoch, GroupId, null);
    }
}
