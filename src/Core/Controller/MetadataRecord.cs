using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Controller;

/// <summary>
/// The frame of a record in <c>__cluster_metadata</c>: unsigned varints 1 (the frame's version), record type and
/// record version, then the record, as Kafka's KRaft writes it.
/// </summary>
internal static class MetadataRecord
{
    private const uint FrameVersion = 1;

    public static void Write(WireWriter writer, IMessage record)
    {
        var (type, version) = record switch
        {
            TopicRecord => (2u, TopicRecord.HighestVersion),
            PartitionRecord => (3u, PartitionRecord.HighestVersion),
            ConfigRecord => (4u, ConfigRecord.HighestVersion),
            RemoveTopicRecord => (9u, RemoveTopicRecord.HighestVersion),
            ProducerIdsRecord => (15u, ProducerIdsRecord.HighestVersion),
            _ => throw new ArgumentException($"{record.GetType().Name} is no metadata record."),
        };
        writer.UnsignedVarint(FrameVersion);
        writer.UnsignedVarint(type);
        writer.UnsignedVarint((uint)version);
        record.Write(writer, version);
    }

    /// <summary>Null for a type that this node has no use for.</summary>
    /// <exception cref="MalformedFrameException">The bytes are no metadata record.</exception>
    public static IMessage? Read(Memory<byte> value)
    {
        var reader = new WireReader(value);
        if (reader.UnsignedVarint() != FrameVersion)
            throw new MalformedFrameException("A metadata record has an unknown frame version.");
        IMessage? record = reader.UnsignedVarint() switch
        {
            2 => new TopicRecord(),
            3 => new PartitionRecord(),
            4 => new ConfigRecord(),
            9 => new RemoveTopicRecord(),
            15 => new ProducerIdsRecord(),
            _ => null,
        };
        record?.Read(ref reader, (short)reader.UnsignedVarint());
        return record;
    }
}
