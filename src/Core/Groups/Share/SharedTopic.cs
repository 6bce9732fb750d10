using System.Collections.Immutable;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Groups.Share;

/// <summary>A topic of which the share coordinator keeps partitions.</summary>
internal sealed record SharedTopic(Uuid TopicId, string Name, ImmutableSortedSet<int> Partitions);
