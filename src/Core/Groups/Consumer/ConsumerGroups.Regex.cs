using Millrace.Core.Controller;
using Millrace.Core.Coordinators;
using Millrace.Core.Groups.Modern;
using Millrace.Core.Model;
using Millrace.Protocol;

namespace Millrace.Core.Groups.Consumer;

// Subscriptions by regular expression. They are matched in a call of their own, when no member waits for it.
internal sealed partial class ConsumerGroups
{
    /// <summary>
    /// A member subscribes to another expression. The answer is an error for one that is none;
    /// <paramref name="isKnown"/> says that its topics, or that there are none any more, are known already.
    /// </summary>
    private Verdict? UpdateRegex(
        ConsumerGroupChange change, ConsumerMember former, ConsumerMember member, Instant now, out bool isKnown)
    {
        isKnown = false;
        var regex = member.SubscribedTopicRegex;
        if (regex == former.SubscribedTopicRegex)
            return null;
        var others = change.Members.Where(other => other.MemberId != member.MemberId).ToList();
        if (regex.Length > 0 && change.FindRegex(regex) is not null)
        {
            isKnown = true;
        }
        else if (regex.Length > 0)
        {
            if (!TopicPattern.TryParse(regex, out _, out var problem))
                return new Verdict(ErrorCode.InvalidRegularExpression, $"The regular expression is bad: {problem}");
            AskForRegexes(change.Group, now);
        }
        else
        {
            isKnown = true;
        }

        var isLast = others.All(other => other.SubscribedTopicRegex != former.SubscribedTopicRegex);
        if (isLast && change.FindRegex(former.SubscribedTopicRegex) is not null)
            change.SetRegex(former.SubscribedTopicRegex, null);
        return null;
    }

    /// <summary>Expressions to which nobody subscribes any more are dropped.</summary>
    private static void DropRegexes(ConsumerGroupChange change, IEnumerable<ConsumerMember> gone)
    {
        var wanted = change.Members.Select(member => member.SubscribedTopicRegex).ToHashSet();
        foreach (var regex in gone.Select(member => member.SubscribedTopicRegex).Distinct())
            if (!wanted.Contains(regex) && change.FindRegex(regex) is not null)
                change.SetRegex(regex, null);
    }

    /// <summary>Has the group's expressions matched, not in this call and not too often.</summary>
    private void AskForRegexes(ConsumerGroup group, Instant now)
    {
        var next = group.RegexMatchedAt + RegexIntervalMs;
        group.RegexDue = Instant.Min(group.RegexDue, next > now ? next : now + 1);
        table.Arm(group, group.RegexDue);
    }

    /// <summary>
    /// Finds the topics of all expressions anew. A group epoch begins if one has others than before, or has its first:
    /// its members have a part of them to get, even where the group has none but those it had.
    /// </summary>
    private void MatchRegexes(ConsumerGroup group, Instant now, Effects effects)
    {
        group.RegexDue = Instant.Never;
        var change = new ConsumerGroupChange(group, effects);
        var hasChanged = false;
        foreach (var regex in group.Members.Select(member => member.SubscribedTopicRegex)
            .Where(regex => regex.Length > 0).Distinct().Order(StringComparer.Ordinal))
        {
            group.RegexMatchedAt = now;
            var topics = TopicPattern.TryParse(regex, out var pattern, out _)
                ? ModernMember.NoNames.Union(Topics.Names.Where(pattern.Matches))
                : ModernMember.NoNames;
            if (change.FindRegex(regex) is { } former && former.Topics.SetEquals(topics))
                continue;
            change.SetRegex(regex, new ResolvedRegex(topics, now));
            hasChanged = true;
        }

        if (hasChanged)
            change.SetEpoch(change.Epoch + 1, MetadataHash.Of(SubscribedTopics(change), Topics));
    }
}
