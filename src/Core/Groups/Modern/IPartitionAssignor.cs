using System.Collections.Immutable;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Groups.Modern;

/// <summary>A member as an assignor sees it: what it subscribes to, and what it was to have before.</summary>
internal sealed record AssignedMember(
    string MemberId,
    string? InstanceId,
    ImmutableSortedSet<Uuid> Topics,
    ImmutableSortedSet<TopicIdPartition> Target);

/// <summary>Decides who is to have which partitions. The same question gets the same answer.</summary>
internal interface IPartitionAssignor
{
    /// <summary>The name by which members ask for it.</summary>
    string Name { get; }

    /// <summary>What each member is to have, by its id.</summary>
    /// <param name="members">All of them, by their ids in ordinal order.</param>
    /// <param name="partitions">The number of partitions of each topic that somebody subscribes to.</param>
    Dictionary<string, ImmutableSortedSet<TopicIdPartition>> Assign(
        IReadOnlyList<AssignedMember> members, IReadOnlyDictionary<Uuid, int> partitions);
}
