using System.Collections.Immutable;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Groups.Classic;

/// <summary>What a consumer says in its metadata when it joins a classic group.</summary>
/// <param name="Version">0 to 3.</param>
/// <param name="Topics">In ordinal order.</param>
/// <param name="Owned">What it owns, by names of topics; from version 1 on.</param>
/// <param name="RackId">From version 3 on.</param>
internal sealed record ClassicSubscription(
    short Version, ImmutableSortedSet<string> Topics, List<(string Topic, int Partition)> Owned, string? RackId);

/// <summary>What consumers, as opposed to Connect workers and others, put into a member's metadata.</summary>
internal static class ConsumerProtocol
{
    public const string Type = "consumer";

    private const short HighestVersion = 3;
    private const short FirstWithOwned = 1;
    private const short FirstWithGeneration = 2;
    private const short FirstWithRack = 3;

    private static readonly ImmutableSortedSet<string> NoTopics =
        ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    /// <summary>The topics that the members of a group subscribe to; null when a subscription cannot be read.</summary>
    public static HashSet<string>? SubscribedTopics(ClassicGroup group)
    {
        var topics = new HashSet<string>();
        try
        {
            foreach (var member in group.Members)
                Read(member.MetadataOf(group.Protocol), topics);
        }
        catch (MalformedFrameException)
        {
            return null;
        }

        return topics;
    }

    /// <summary>A whole subscription; null when it can't be read.</summary>
    public static ClassicSubscription? ReadSubscription(byte[] metadata)
    {
        try
        {
            var reader = new WireReader(metadata);
            var version = reader.Int16();
            var topics = NoTopics.ToBuilder();
            for (var left = Count(ref reader); left > 0; left--)
                topics.Add(reader.String(flexible: false));
            reader.NullableBytes(flexible: false, allowNull: true);
            var owned = version >= FirstWithOwned ? ReadPartitions(ref reader) : [];
            if (version >= FirstWithGeneration)
                reader.Int32();
            var rack = version >= FirstWithRack ? reader.NullableString(flexible: false, allowNull: true) : null;
            return version < 0 ? null
                : new ClassicSubscription(Math.Min(version, HighestVersion), topics.ToImmutable(), owned, rack);
        }
        catch (MalformedFrameException)
        {
            return null;
        }
    }

    /// <summary>
    /// The partitions of an assignment, empty bytes being none; null when it can't be read or carries what only the
    /// assignor that made it understands.
    /// </summary>
    public static List<(string Topic, int Partition)>? ReadAssignment(byte[] assignment)
    {
        if (assignment.Length == 0)
            return [];
        try
        {
            var reader = new WireReader(assignment);
            reader.Int16();
            var partitions = ReadPartitions(ref reader);
            return reader.NullableBytes(flexible: false, allowNull: true) is { Length: > 0 } ? null : partitions;
        }
        catch (MalformedFrameException)
        {
            return null;
        }
    }

    /// <summary>An assignment in the version of the member's subscription, without data of an assignor.</summary>
    public static byte[] WriteAssignment(short version, IEnumerable<(string Topic, int Partition)> partitions)
    {
        using var writer = new WireWriter();
        writer.Int16(version);
        var topics = partitions.GroupBy(partition => partition.Topic).ToList();
        writer.Int32(topics.Count);
        foreach (var topic in topics)
        {
            writer.String(topic.Key, flexible: false);
            writer.Int32(topic.Count());
            foreach (var (_, partition) in topic)
                writer.Int32(partition);
        }

        writer.Int32(-1);
        return writer.Written.ToArray();
    }

    /// <summary>An int16 version, then in all versions the topics; what follows does not matter here.</summary>
    private static void Read(byte[] subscription, HashSet<string> topics)
    {
        var reader = new WireReader(subscription);
        reader.Int16();
        for (var left = Count(ref reader); left > 0; left--)
            topics.Add(reader.String(flexible: false));
    }

    private static List<(string Topic, int Partition)> ReadPartitions(ref WireReader reader)
    {
        var partitions = new List<(string, int)>();
        for (var topics = Count(ref reader); topics > 0; topics--)
        {
            var topic = reader.String(flexible: false);
            for (var left = Count(ref reader); left > 0; left--)
                partitions.Add((topic, reader.Int32()));
        }

        return partitions;
    }

    private static int Count(ref WireReader reader) => reader.ArrayCount(flexible: false, allowNull: false);
}
