using System.Collections.Immutable;
using Millrace.Core.Groups.Classic;
using Millrace.Core.Groups.Modern;

namespace Millrace.Core.Groups.Consumer;

/// <summary>A member of a consumer group, as its records have it.</summary>
internal sealed record ConsumerMember(string MemberId) : ModernMember(MemberId)
{
    /// <summary>The pattern whose topics it subscribes to, besides those that it names; "" if none.</summary>
    public string SubscribedTopicRegex { get; init; } = "";

    /// <summary>The assignor that it wants; null leaves it to the broker.</summary>
    public string? ServerAssignor { get; init; }

    /// <summary>Set while the member speaks the classic protocol.</summary>
    public ClassicProtocols? Classic { get; init; }

    /// <summary>What it may own, each partition with the epoch at which it got it (KIP-1251).</summary>
    public ImmutableSortedDictionary<TopicIdPartition, int> Assigned { get; init; } = Nothing;

    /// <summary>What it is to give up and may still own.</summary>
    public ImmutableSortedDictionary<TopicIdPartition, int> PendingRevocation { get; init; } = Nothing;

    public static ImmutableSortedDictionary<TopicIdPartition, int> Nothing { get; } =
        ImmutableSortedDictionary<TopicIdPartition, int>.Empty;

    /// <summary>All that no other member may get.</summary>
    public IEnumerable<TopicIdPartition> Held => Assigned.Keys.Concat(PendingRevocation.Keys);

    /// <summary>The epoch at which it got a partition that it holds.</summary>
    public bool Holds(TopicIdPartition partition, out int epoch) =>
        Assigned.TryGetValue(partition, out epoch) || PendingRevocation.TryGetValue(partition, out epoch);

    /// <summary>Whether its metadata record would be the same.</summary>
    public bool IsDescribedAs(ConsumerMember other) =>
        InstanceId == other.InstanceId && RackId == other.RackId && ClientId == other.ClientId
        && ClientHost == other.ClientHost && RebalanceTimeoutMs == other.RebalanceTimeoutMs
        && ServerAssignor == other.ServerAssignor && SubscribesAs(other) && Equals(Classic, other.Classic);

    public bool SubscribesAs(ConsumerMember other) =>
        SubscribedTopicRegex == other.SubscribedTopicRegex
        && SubscribedTopicNames.SetEquals(other.SubscribedTopicNames);

    /// <summary>Whether its assignment record would be the same.</summary>
    public bool IsAssignedAs(ConsumerMember other) =>
        Epoch == other.Epoch && PreviousEpoch == other.PreviousEpoch && State == other.State
        && Assigned.SequenceEqual(other.Assigned) && PendingRevocation.SequenceEqual(other.PendingRevocation);
}

/// <summary>What a member said that speaks the classic protocol.</summary>
internal sealed record ClassicProtocols(int SessionTimeoutMs, MemberProtocol[] Protocols)
{
    public bool Equals(ClassicProtocols? other) =>
        other is not null && SessionTimeoutMs == other.SessionTimeoutMs
        && Protocols.Length == other.Protocols.Length
        && Protocols.Zip(other.Protocols).All(pair =>
            pair.First.Name == pair.Second.Name && pair.First.Metadata.AsSpan().SequenceEqual(pair.Second.Metadata));

    public override int GetHashCode() => HashCode.Combine(SessionTimeoutMs, Protocols.Length);
}
