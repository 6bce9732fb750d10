using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Millrace.Core.Coordinators;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Groups;

/// <summary>
/// The records of __consumer_offsets: a key is an int16 type and a structure, a value an int16 version and a structure.
/// Those of consumer, share and streams groups begin alike, so that one form serves for what is kept of them.
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

    public static void DeleteOffset(Effects effects, in OffsetKey offset)
    {
        var key = new OffsetCommitKey { Group = offset.Group, Topic = offset.Topic, Partition = offset.Partition };
        effects.Append(OffsetCommit, key, 0, null);
    }

    public static void Store(Effects effects, string group, GroupMetadataValue value) =>
        effects.Append(GroupMetadata, new GroupMetadataKey { Group = group }, GroupMetadataVersion, value);

    public static void DeleteGroup(Effects effects, string group) =>
        effects.Append(GroupMetadata, new GroupMetadataKey { Group = group }, 0, null);

    /// <summary>The kind of group that has such records; classic also for types that nobody knows.</summary>
    public static GroupType GroupOf(short type) => type switch
    {
        >= 3 and <= 8 or 16 => GroupType.Consumer,
        >= 10 and <= 15 => GroupType.Share,
        17 or >= 19 and <= 23 => GroupType.Streams,
        _ => GroupType.Classic,
    };

    /// <summary>
    /// The group that a key of a record of a group that is not classic names, and what it names besides, a member or a
    /// regular expression; "" if nothing.
    /// </summary>
    /// <exception cref="MalformedFrameException">The key is too short.</exception>
    public static (string Group, string Detail) ReadNames(ReadOnlyMemory<byte> key, StringCache strings)
    {
        var reader = new WireReader(MemoryMarshal.AsMemory(key), strings);
        reader.Int16();
        return (reader.String(false), reader.Remaining > 0 ? reader.String(false) : "");
    }

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
        Expect(version, highestVersion);
        return reader.Struct<T>(version);
    }

    private static void Expect(short version, short highestVersion)
    {
        if (version < 0 || version > highestVersion)
            throw new MalformedFrameException($"A group record has the unknown version {version}.");
    }
}
