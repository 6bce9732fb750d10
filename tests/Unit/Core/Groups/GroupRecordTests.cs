using System.Text.Json;
using Millrace.Core.Coordinators;
using Millrace.Core.Groups;
using Millrace.Core.Groups.Classic;
using Millrace.Core.Groups.Consumer;
using Millrace.Core.Model;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using Millrace.Unit.Simulated;

namespace Millrace.Unit.Core.Groups;

/// <summary>Against records that Kafka 4.4 wrote to its __consumer_offsets, of all types that there are.</summary>
public sealed class GroupRecordTests
{
    private static readonly StringCache Strings = new();

    [Fact]
    public void KafkasRecordsAreReadAndWrittenAlike()
    {
        var compared = 0;
        foreach (var (key, value) in KafkaRecords())
        {
            using var effects = new Effects();
            switch (GroupRecords.TypeOf(key))
            {
                case GroupRecords.OffsetCommit when value is not null:
                    var commit = GroupRecords.ReadValue<OffsetCommitValue>(value, 4, Strings);
                    GroupRecords.Commit(effects, GroupRecords.ReadKey<OffsetCommitKey>(key, Strings), commit);
                    break;
                case GroupRecords.GroupMetadata when value is not null:
                    var id = GroupRecords.ReadKey<GroupMetadataKey>(key, Strings).Group;
                    var group = new ClassicGroup(id);
                    group.Adopt(GroupRecords.ReadValue<GroupMetadataValue>(value, 4, Strings));
                    GroupRecords.Store(effects, id, group.ToRecord(group.StateSince));
                    break;
                default:
                    continue;
            }

            Assert.Equal(key, effects.Record(0).Key.ToArray());
            Assert.Equal(value, effects.Record(0).Value?.ToArray());
            compared++;
        }

        Assert.True(compared >= 6);
    }

    /// <summary>A group that is read from Kafka's records is written as Kafka has written it.</summary>
    [Fact]
    public void KafkasRecordsOfConsumerGroupsAreReadAndWrittenAlike()
    {
        var types = new HashSet<short>();
        foreach (var (key, value) in KafkaRecords())
        {
            var type = GroupRecords.TypeOf(key);
            if (value is null || GroupRecords.GroupOf(type) != GroupType.Consumer)
                continue;
            var (group, detail) = GroupRecords.ReadNames(key, Strings);
            using var effects = new Effects();
            switch (type)
            {
                case ConsumerGroupRecords.Member:
                    var member = new ConsumerMember(detail).With(
                        GroupRecords.ReadValue<ConsumerGroupMemberMetadataValue>(value, 0, Strings));
                    ConsumerGroupRecords.OfMember(
                        effects, type, group, detail, ConsumerGroupRecords.MetadataOf(member));
                    break;
                case ConsumerGroupRecords.Assignment:
                    var assigned = new ConsumerMember(detail).With(
                        GroupRecords.ReadValue<ConsumerGroupCurrentMemberAssignmentValue>(value, 0, Strings));
                    ConsumerGroupRecords.OfMember(
                        effects, type, group, detail, ConsumerGroupRecords.AssignmentOf(assigned));
                    break;
                case ConsumerGroupRecords.Target:
                    var target = ConsumerGroupRecords.Partitions(
                        GroupRecords.ReadValue<ConsumerGroupTargetAssignmentMemberValue>(value, 0, Strings));
                    ConsumerGroupRecords.OfMember(
                        effects, type, group, detail, ConsumerGroupRecords.TargetOf(target));
                    break;
                default:
                    continue;
            }

            Assert.Equal(key, effects.Record(0).Key.ToArray());
            Assert.Equal(value.Length, effects.Record(0).Value!.Value.Length);
            types.Add(type);
        }

        Assert.Equal<short>([5, 7, 8], types.Order());
    }

    [Fact]
    public void RecordsOfAllKindsOfGroupsAreKnown()
    {
        var coordinator = new GroupCoordinator(new GroupSettings(), new CountedIds());
        foreach (var (key, value) in KafkaRecords())
            coordinator.Replay(key, Shard.Optional(value));
        var groups = new List<ListGroupsResponse.ListedGroup>();
        coordinator.List(new ListGroupsRequest(), groups);
        Assert.Equal(
            ["classic", "consumer", "share", "streams"],
            groups.Select(group => group.GroupType).Distinct().Order(StringComparer.Ordinal));
        coordinator.Replay(Array.Empty<byte>(), null);
        coordinator.Replay(new byte[] { 0, 99, 1, 2 }, new byte[] { 1, 2, 3 });
    }

    [Fact]
    public void UnknownVersionOfAKnownRecordIsRefused()
    {
        var coordinator = new GroupCoordinator(new GroupSettings(), new CountedIds());
        byte[] key = [0, 2, 0, 1, (byte)'g'];
        Assert.Throws<MalformedFrameException>(() => coordinator.Replay(key, new byte[] { 0, 5, 0 }));
        Assert.Throws<MalformedFrameException>(() => coordinator.Replay(key, new byte[] { 0, 3, 0 }));
        Assert.Throws<MalformedFrameException>(() => coordinator.Replay(new byte[] { 0, 1, 0 }, null));
    }

    [Fact]
    public void OldRecordsHaveTheirOwnExpiry()
    {
        var coordinator = new GroupCoordinator(new GroupSettings(), new CountedIds());
        byte[] key = [0, 1, 0, 1, (byte)'g', 0, 1, (byte)'t', 0, 0, 0, 0];
        byte[] value = [0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 100];
        coordinator.Replay(key, value);
        coordinator.Start(new Instant(0));
        using var effects = new Effects();
        coordinator.Expire(new Instant(600_000), effects);
        Assert.Equal(2, effects.RecordCount);
        Assert.Null(effects.Record(0).Value);
    }

    private static List<(byte[] Key, byte[]? Value)> KafkaRecords()
    {
        var records = new List<(byte[], byte[]?)>();
        foreach (var row in File.ReadLines(Golden.Path("groups", "kafka-records.jsonl")))
        {
            using var json = JsonDocument.Parse(row);
            var value = json.RootElement.GetProperty("value");
            records.Add((json.RootElement.GetProperty("key").GetBytesFromBase64(),
                value.ValueKind == JsonValueKind.Null ? null : value.GetBytesFromBase64()));
        }

        return records;
    }
}
