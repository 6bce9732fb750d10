using Millrace.Core.Coordinators;
using Millrace.Core.Groups.Classic;
using Millrace.Core.Groups.Modern;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Core.Groups.Consumer;

// A classic group that a member of the new protocol joins becomes a consumer group, and one that only classic members
// are left in becomes a classic one.
internal sealed partial class ConsumerGroups
{
    /// <summary>
    /// The classic group as a consumer group, with its generation as epoch and its assignment as target; null if it
    /// may not become one.
    /// </summary>
    private ConsumerGroupChange? FromClassic(ClassicGroup classic, Instant now, Effects effects)
    {
        var change = new ConsumerGroupChange(new ConsumerGroup(classic.GroupId), effects);
        if (classic.Count == 0)
        {
            classic.Delete(effects);
            return change;
        }

        if (!settings.MayUpgrade || classic.ProtocolType != ConsumerProtocol.Type
            || classic.Count > settings.ConsumerMaxSize)
            return null;
        var members = classic.Members.Select(member => FromClassic(classic, member)).ToList();
        if (members.Contains(null))
            return null;
        foreach (var member in classic.Members)
            GroupReplies.Dismiss(classic, member, ErrorCode.RebalanceInProgress, effects);
        classic.Delete(effects);
        foreach (var member in members)
            change.PutMetadata(member!);
        change.SetEpoch(classic.Generation, MetadataHash.Of(SubscribedTopics(change), Topics));
        foreach (var member in members)
            change.SetTarget(member!.MemberId, NoPartitions.Union(member.Assigned.Keys));
        change.SetTargetEpoch(classic.Generation, new Instant(0));
        foreach (var member in members)
        {
            change.PutAssignment(member!);
            RenewSession(change.Group, member!, now);
        }

        return change;
    }

    /// <summary>Null when what the member said or was assigned is no consumer's.</summary>
    private ConsumerMember? FromClassic(ClassicGroup group, ClassicMember member)
    {
        var metadata = member.MetadataOf(group.Protocol);
        var subscription = ConsumerProtocol.ReadSubscription(
            metadata.Length == 0 && member.Protocols is [var first, ..] ? first.Metadata : metadata);
        var assignment = ConsumerProtocol.ReadAssignment(member.Assignment);
        if (subscription is null || assignment is null)
            return null;
        var assigned = assignment.Where(partition => Topics.Find(partition.Topic) is not null).Select(
            partition => KeyValuePair.Create(
                new TopicIdPartition(Topics.Find(partition.Topic)!.Id, partition.Partition), group.Generation));
        return new ConsumerMember(member.MemberId)
        {
            InstanceId = member.InstanceId,
            RackId = subscription.RackId,
            ClientId = member.ClientId,
            ClientHost = member.ClientHost,
            RebalanceTimeoutMs = member.RebalanceTimeoutMs,
            SubscribedTopicNames = ModernMember.NoNames.Union(subscription.Topics),
            Epoch = group.Generation,
            PreviousEpoch = group.Generation,
            Assigned = ConsumerMember.Nothing.SetItems(assigned),
            Classic = new ClassicProtocols(member.SessionTimeoutMs, member.Protocols),
        };
    }

    /// <summary>Whether the last members of the new protocol go while classic ones stay.</summary>
    private bool BecomesClassic(ConsumerGroupChange change, List<ConsumerMember> gone)
    {
        var left = change.Members.Where(member => !gone.Exists(other => other.MemberId == member.MemberId)).ToList();
        return settings.MayDowngrade && left.Count > 0 && left.Count <= settings.MaxSize
            && left.TrueForAll(member => member.Classic is not null)
            && gone.Exists(member => member.Classic is null);
    }

    /// <summary>The group goes on as a classic one, whose members keep what they have and rejoin at once.</summary>
    private void TurnClassic(ConsumerGroupChange change, List<ConsumerMember> gone, Instant now, Effects effects)
    {
        var left = change.Members.Where(member => !gone.Exists(other => other.MemberId == member.MemberId)).ToList();
        var generation = change.Epoch;
        change.DeleteGroup();
        var protocol = left[0].Classic!.Protocols.First(candidate =>
            left.TrueForAll(member => member.Classic!.Protocols.Any(other => other.Name == candidate.Name))).Name;
        var classic = new ClassicGroup(change.Group.GroupId);
        GroupRecords.Store(effects, change.Group.GroupId, new GroupMetadataValue
        {
            ProtocolType = ConsumerProtocol.Type,
            Generation = generation,
            Protocol = protocol,
            Leader = left[0].MemberId,
            CurrentStateTimestamp = now.Milliseconds,
            Members = [.. left.Select(member => new GroupMetadataValue.MemberMetadata
            {
                MemberId = member.MemberId,
                GroupInstanceId = member.InstanceId,
                ClientId = member.ClientId,
                ClientHost = member.ClientHost,
                RebalanceTimeout = member.RebalanceTimeoutMs,
                SessionTimeout = member.Classic!.SessionTimeoutMs,
                Subscription = member.Classic.Protocols.First(one => one.Name == protocol).Metadata,
                Assignment = AssignmentOf(member),
            })],
        });
        classic.MustRebalance = true;
        table.Draft(classic);
        table.Arm(classic, now + 1); // it is the group when this call's records are replayed
    }
}
