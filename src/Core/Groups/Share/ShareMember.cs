using System.Collections.Immutable;
using Millrace.Core.Groups.Modern;

namespace Millrace.Core.Groups.Share;

/// <summary>A member of a share group, as its records have it.</summary>
internal sealed record ShareMember(string MemberId) : ModernMember(MemberId)
{
    /// <summary>Others may be assigned them too.</summary>
    public ImmutableSortedSet<TopicIdPartition> Assigned { get; init; } = [];
}
