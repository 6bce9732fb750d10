using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Groups;

/// <summary>
/// The records of __consumer_offsets that concern classic groups: a key is an int16 type and a structure, a value an
/// int16 version and a structure.
/// </summary>
internal static class GroupRecords
{
    public const short LegacyOffsetCommit = 0;
    public const short OffsetCommit = 1;
    public const short GroupMetadata = 2;

    private const short OffsetCommitVersion = 3;
    private const short OffsetCommitVersionWithTopicId = 4;
    private const short GroupMetadataVersion = 3;

    public static void Commit(Effects effects, OffsetCommitKey key, OffsetCommitValue value)
    {
        var version = value.TopicId.IsZero ? OffsetCommitVersion : OffsetCommitVersionWithTopicId;
        effects.Append(OffsetCommit, key, version, value);
    }

    public static void DeleteOffset(Effects effects, string group, string topic, int partition)
    {
        var key = new OffsetCommitKey { Group = group, Topic = topic, Partition = partition };
        effects.Append(OffsetCommit, key, 0, null);
    }

    public static void Store(Effects effects, string group, GroupMetadataValue value) =>
        effects.Append(GroupMetadata, new GroupMetadataKey { Group = group }, GroupMetadataVersion, value);

    public static void DeleteGroup(Effects effects, string group) =>
        effects.Append(GroupMetadata, new GroupMetadataKey { Group = group }, 0, null);

    /// <summary>The type of a record by its key; -1 for a key too short to have one.</summary>
    public static short TypeOf(ReadOnlyMemory<byte> key) =>
        key.Length < sizeof(short) ? (short)-1 : BinaryPrimitives.ReadInt16BigEndian(key.Span);

    public static T ReadKey<T>(ReadOnlyMemory<byte> key, StringCache strings)
        where T : IMessage, new()
    {
        var reader = new WireReader(MemoryMarshal.AsMemory(key), strings);
        reader.Int16();
        return reader.Struct<T>(0);
    }

    /// <exception cref="MalformedFrameException">The bytes or their version are not specified.</exception>
    public static T ReadValue<T>(ReadOnlyMemory<byte> value, short highestVersion, StringCache strings)
        where T : IMessage, new()
    {
        var reader = new WireReader(MemoryMarshal.AsMemory(value), strings);
        var version = reader.Int16();
        if (version < 0 || version > highestVersion)
            throw new MalformedFrameException($"A group record has the unknown version {version}.");
        return reader.Struct<T>(version);
    }
}
