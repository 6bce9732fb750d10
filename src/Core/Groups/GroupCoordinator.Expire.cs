using Millrace.Core.Coordinators;
using Millrace.Core.Groups.Classic;
using Millrace.Core.Groups.Consumer;
using Millrace.Core.Groups.Share;
using Millrace.Core.Groups.Streams;
using Millrace.Core.Model;

namespace Millrace.Core.Groups;

// What time does: sessions, rebalances and offsets come to an end.
internal sealed partial class GroupCoordinator
{
    /// <summary>Does what is due and says when to call again; that may be at once, when there is more to do.</summary>
    public Instant Expire(Instant now, Effects effects)
    {
        while (HasRoom(effects) && _table.TryTakeDue(now, out var group))
        {
            if (group is ClassicGroup classic)
                ExpireGroup(classic, now, effects);
            else if (group is ConsumerGroup consumer)
                _consumers.Expire(consumer, now, effects);
            else if (group is ShareGroup share)
                _shares.Expire(share, now, effects);
            else if (group is StreamsGroup streams)
                _streams.Expire(streams, now, effects);
            var next = group.NextDeadline();
            _table.Arm(group, next > now ? next : now + 1);
        }

        CleanUp(now, effects);
        var nextCleanup = _uncleaned.Count > 0 ? now : _nextCleanup;
        return Instant.Min(_table.NextDeadline, nextCleanup);
    }

    private bool HasRoom(Effects effects) =>
        effects.RecordCount < _settings.MaxExpiredRecords && effects.RecordBytes < _settings.MaxExpiredBytes;

    private void ExpireGroup(ClassicGroup group, Instant now, Effects effects)
    {
        if (group.MustRebalance)
        {
            BeginAgain(group, now, effects);
            return;
        }

        var before = group.Count;
        foreach (var (memberId, _) in group.Pending.Where(pending => pending.Value <= now).ToList())
            group.Pending.Remove(memberId);
        foreach (var member in group.Members.Where(member => member.Deadline <= now).ToList())
            Remove(group, member, effects);
        if (group.SyncEnd <= now)
        {
            group.SyncEnd = Instant.Never;
            foreach (var member in group.Members.Where(member => member.OwesSync).ToList())
                Remove(group, member, effects);
        }

        AfterRemoval(group, group.Count < before, now, effects);
        if (group.JoinEnd <= now)
            EndJoin(group, now, effects);
        if (IsForgettable(group))
            _table.Remove(group.GroupId);
    }

    /// <summary>Calls the members of what was a consumer group to rejoin.</summary>
    private void BeginAgain(ClassicGroup group, Instant now, Effects effects)
    {
        group.MustRebalance = false;
        foreach (var member in group.Members)
            RenewSession(group, member, now);
        Rebalance(group, now, effects);
    }

    private void EndJoin(ClassicGroup group, Instant now, Effects effects)
    {
        if (group is { IsGathering: true, HasGathered: true, GatheringLeftMs: > 0 })
            Gather(group, group.GatheringLeftMs, now);
        else
            CompleteJoin(group, now, effects);
    }

    /// <summary>Every now and then looks at all groups for offsets that nobody wants any more.</summary>
    private void CleanUp(Instant now, Effects effects)
    {
        if (_nextCleanup <= now)
        {
            foreach (var groupId in _table.Ids)
                _uncleaned.Enqueue(groupId);
            _nextCleanup = now + _settings.OffsetsRetentionCheckIntervalMs;
        }

        while (HasRoom(effects) && _uncleaned.TryPeek(out var groupId))
        {
            if (_table.Find(groupId) is { } group && !CleanUp(group, now, effects))
                return;
            _uncleaned.Dequeue();
        }
    }

    /// <summary>False when the group had more expired offsets than this call may delete.</summary>
    private bool CleanUp(Group group, Instant now, Effects effects)
    {
        if (group is ShareGroup)
            return true;
        var wanted = group is ClassicGroup { State: GroupState.Stable, ProtocolType: ConsumerProtocol.Type } stable
            ? ConsumerProtocol.SubscribedTopics(stable)
            : null;
        var anyLeft = false;
        foreach (var (topic, partitions) in _offsets.Of(group.GroupId))
            foreach (var (partition, offset) in partitions)
            {
                var key = new OffsetKey(group.GroupId, topic, partition);
                if (_pending.Has(key) || !HasExpired(group, topic, offset, wanted, now))
                {
                    anyLeft = true;
                    continue;
                }

                if (!HasRoom(effects))
                    return false;
                GroupRecords.DeleteOffset(effects, key);
            }

        if (anyLeft || _pending.Has(group.GroupId) || !group.IsEmpty || group is ClassicGroup { Pending.Count: > 0 })
            return true;
        if (group is ClassicGroup classic && IsForgettable(classic))
            _table.Remove(group.GroupId);
        else
            group.Delete(effects);
        return true;
    }

    /// <summary>True for a group of which neither the log nor anybody outside knows.</summary>
    private bool IsForgettable(ClassicGroup group) =>
        group is { State: GroupState.Empty, Pending.Count: 0, IsStored: false } && !HasOffsets(group.GroupId);

    /// <summary>
    /// An offset lives for the retention time after its commit, and as long as its topic is subscribed; with an Empty
    /// classic group also for that time after the last member went.
    /// </summary>
    private bool HasExpired(
        Group holder, string topic, in CommittedOffset offset, HashSet<string>? wanted, Instant now)
    {
        if (holder is not ClassicGroup group)
            return holder is ConsumerGroup or StreamsGroup && !IsSubscribed(holder, topic)
                && offset.CommittedAt + _settings.OffsetsRetentionMs <= now;
        if (group.State != GroupState.Empty && (wanted is null || wanted.Contains(topic)))
            return false;
        if (offset.ExpiresAt != Instant.Never)
            return offset.ExpiresAt <= now;
        var isPast = offset.CommittedAt + _settings.OffsetsRetentionMs <= now;
        var wasLeft = group.State != GroupState.Empty
            || group.StateSince == Instant.Never
            || group.StateSince + _settings.OffsetsRetentionMs <= now;
        return isPast && wasLeft;
    }
}
