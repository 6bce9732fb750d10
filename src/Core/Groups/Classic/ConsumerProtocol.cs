using Millrace.Protocol.Wire;

namespace Millrace.Core.Groups.Classic;

/// <summary>What consumers, as opposed to Connect workers and others, put into a member's metadata.</summary>
internal static class ConsumerProtocol
{
    public const string Type = "consumer";

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

    /// <summary>An int16 version, then in all versions the topics; what follows does not matter here.</summary>
    private static void Read(byte[] subscription, HashSet<string> topics)
    {
        var reader = new WireReader(subscription);
        reader.Int16();
        for (var left = reader.ArrayCount(flexible: false, allowNull: false); left > 0; left--)
            topics.Add(reader.String(flexible: false));
    }
}
