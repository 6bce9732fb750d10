using System.Collections.Immutable;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Controller;

/// <summary>The level of each feature that the whole cluster keeps to (KIP-584).</summary>
internal sealed record FeaturesImage(ImmutableSortedDictionary<string, short> Levels)
{
    /// <summary>The form of the metadata log itself.</summary>
    public const string MetadataVersion = "metadata.version";

    public static readonly FeaturesImage Empty =
        new(ImmutableSortedDictionary.Create<string, short>(StringComparer.Ordinal));

    /// <summary>What Kafka 4.4 gives a new cluster, whose data this node's must be able to become.</summary>
    public static readonly FeaturesImage OfNewCluster = new(Empty.Levels.AddRange(
    [
        new("eligible.leader.replicas.version", 1),
        new("group.version", 1),
        new(MetadataVersion, 33),
        new("share.version", 2),
        new("streams.version", 1),
        new("transaction.version", 2),
    ]));

    public FeaturesImage Replay(FeatureLevelRecord record) => new(record.FeatureLevel == 0
        ? Levels.Remove(record.Name)
        : Levels.SetItem(record.Name, record.FeatureLevel));

    /// <summary>The form of the log first: it says how to read the others.</summary>
    public IEnumerable<IMessage> Records() =>
        from level in Levels
        orderby level.Key == MetadataVersion descending, level.Key
        select new FeatureLevelRecord { Name = level.Key, FeatureLevel = level.Value };
}
