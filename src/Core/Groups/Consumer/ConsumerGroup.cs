using System.Collections.Immutable;
using Millrace.Core.Controller;
using Millrace.Core.Coordinators;
using Millrace.Core.Groups.Modern;
using Millrace.Core.Model;
using Millrace.Protocol;

namespace Millrace.Core.Groups.Consumer;

/// <summary>The topics that a regular expression matched, and in which state of the metadata.</summary>
internal sealed record ResolvedRegex(ImmutableSortedSet<string> Topics, Instant ResolvedAt);

/// <summary>
/// A consumer group (KIP-848), some of whose members may speak the classic protocol. Served by
/// <see cref="ConsumerGroups"/>.
/// </summary>
/// <remarks>
/// <para>1. A partition has one holder: who is assigned it or has yet to give it up. 2. A regular expression is kept
/// as long as a member subscribes to it.</para>
/// </remarks>
internal sealed class ConsumerGroup(string groupId)
    : ModernGroup<ConsumerMember, ImmutableSortedSet<TopicIdPartition>>(groupId)
{
    private readonly Dictionary<TopicIdPartition, string> _holders = [];
    private readonly Dictionary<string, ResolvedRegex> _regexes = [];

    public override GroupType Type => GroupType.Consumer;

    /// <summary>The topics for which the epoch's hash was looked at last.</summary>
    public TopicsImage? SeenTopics { get; set; }

    /// <summary>When its regular expressions are to be matched.</summary>
    public Instant RegexDue { get; set; } = Instant.Never;

    /// <summary>When they were matched last.</summary>
    public Instant RegexMatchedAt { get; set; } = new(0);

    public IReadOnlyDictionary<string, ResolvedRegex> Regexes => _regexes;

    /// <summary>Who holds the partition, if anybody.</summary>
    public string? HolderOf(TopicIdPartition partition) => _holders.GetValueOrDefault(partition);

    public override void Put(ConsumerMember member)
    {
        ReleaseHeld(Find(member.MemberId));
        base.Put(member);
        foreach (var partition in member.Held)
            _holders[partition] = member.MemberId;
    }

    public override void Remove(string memberId)
    {
        ReleaseHeld(Find(memberId));
        base.Remove(memberId);
    }

    /// <summary>Replay: the expression matched these topics, or is not kept any more.</summary>
    public void SetRegex(string regex, ResolvedRegex? resolved)
    {
        if (resolved is null)
            _regexes.Remove(regex);
        else
            _regexes[regex] = resolved;
    }

    public bool IsSubscribedTo(string topic) => Members.Any(member =>
        member.SubscribedTopicNames.Contains(topic)
        || (_regexes.TryGetValue(member.SubscribedTopicRegex, out var resolved) && resolved.Topics.Contains(topic)));

    /// <summary>
    /// Anybody commits to a group that nobody is in. Others must be members, and name an epoch at which they had the
    /// partitions already (KIP-1251); members of the new protocol say it with an API that knows epochs.
    /// </summary>
    public ErrorCode ValidateCommit(
        string memberId, int epoch, short version, IEnumerable<TopicIdPartition> partitions)
    {
        if (epoch < 0 && IsEmpty)
            return ErrorCode.None;
        if (Find(memberId) is not { } member)
            return ErrorCode.UnknownMemberId;
        if (member.Classic is null && version < FirstCommitWithEpochs)
            return ErrorCode.UnsupportedVersion;
        var isCurrent = epoch == member.Epoch
            || (epoch >= 0 && epoch < member.Epoch
                && partitions.All(partition => member.Holds(partition, out var since) && since <= epoch));
        return isCurrent ? ErrorCode.None
            : member.Classic is null ? ErrorCode.StaleMemberEpoch
            : ErrorCode.IllegalGeneration;
    }

    /// <summary>Who names a member must be that one, at its epoch.</summary>
    public ErrorCode ValidateFetch(string? memberId, int epoch) =>
        memberId is null && epoch < 0 ? ErrorCode.None
        : Find(memberId ?? "") is not { } member ? ErrorCode.UnknownMemberId
        : member.Epoch == epoch ? ErrorCode.None
        : member.Classic is null ? ErrorCode.StaleMemberEpoch
        : ErrorCode.IllegalGeneration;

    public override void Delete(Effects effects) => new ConsumerGroupChange(this, effects).DeleteGroup();

    public override Instant NextDeadline() => Instant.Min(base.NextDeadline(), RegexDue);

    private const short FirstCommitWithEpochs = 9;

    private void ReleaseHeld(ConsumerMember? member)
    {
        if (member is null)
            return;
        foreach (var partition in member.Held)
            if (_holders.GetValueOrDefault(partition) == member.MemberId)
                _holders.Remove(partition);
    }
}
