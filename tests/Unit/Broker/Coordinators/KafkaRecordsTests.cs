using Millrace.Broker.Partitions;
using Millrace.Core.Controller;
using Millrace.Core.Groups;
using Millrace.Protocol.Wire;
using Millrace.Shared;
using Millrace.Unit.Protocol;
using Millrace.Unit.Simulated;

namespace Millrace.Unit.Broker.Coordinators;

/// <summary>Every record of the internal topics is read whole, and written as Kafka wrote it.</summary>
public sealed class KafkaRecordsTests
{
    private static readonly Dictionary<short, string> GroupRecordNames = new()
    {
        [0] = "OffsetCommit", [1] = "OffsetCommit", [2] = "GroupMetadata",
        [3] = "ConsumerGroupMetadata", [4] = "ConsumerGroupPartitionMetadata", [5] = "ConsumerGroupMemberMetadata",
        [6] = "ConsumerGroupTargetAssignmentMetadata", [7] = "ConsumerGroupTargetAssignmentMember",
        [8] = "ConsumerGroupCurrentMemberAssignment", [16] = "ConsumerGroupRegularExpression",
        [10] = "ShareGroupMemberMetadata", [11] = "ShareGroupMetadata", [12] = "ShareGroupTargetAssignmentMetadata",
        [13] = "ShareGroupTargetAssignmentMember", [14] = "ShareGroupCurrentMemberAssignment",
        [15] = "ShareGroupStatePartitionMetadata", [17] = "StreamsGroupMetadata", [19] = "StreamsGroupMemberMetadata",
        [20] = "StreamsGroupTargetAssignmentMetadata", [21] = "StreamsGroupTargetAssignmentMember",
        [22] = "StreamsGroupCurrentMemberAssignment", [23] = "StreamsGroupTopology",
    };

    [Theory]
    [InlineData(KafkaArchive.Stopped, 20)]
    [InlineData(KafkaArchive.Killed, 19)]
    [InlineData(KafkaArchive.Old, 2)]
    public void OfGroups(string name, int types) =>
        Assert.Equal(types, Check(name, TopicName.ConsumerOffsets, type => GroupRecordNames[type]));

    [Theory]
    [InlineData(KafkaArchive.Stopped)]
    [InlineData(KafkaArchive.Killed)]
    [InlineData(KafkaArchive.Old)]
    public void OfTransactions(string name) =>
        Assert.Equal(1, Check(name, TopicName.TransactionState, _ => "TransactionLog"));

    [Theory]
    [InlineData(KafkaArchive.Stopped)]
    [InlineData(KafkaArchive.Killed)]
    public void OfSharePartitions(string name) =>
        Assert.Equal(2, Check(name, TopicName.ShareGroupState, type => type == 0 ? "ShareSnapshot" : "ShareUpdate"));

    /// <summary>How many types of records there are.</summary>
    private static int Check(string name, string topic, Func<short, string> nameOf)
    {
        var directory = new KafkaDirectory(name);
        var types = new HashSet<short>();
        for (var partition = 0; partition < 2; partition++)
        {
            LogRecords.Replay(
                directory.Open(new(topic, partition)),
                record =>
                {
                    var type = GroupRecords.TypeOf(record.Key!.Value);
                    types.Add(type);
                    AssertWhole(nameOf(type) + "Key", record.Key.Value, version: 0);
                    if (record.Value is { } value)
                        AssertWhole(nameOf(type) + "Value", value, GroupRecords.TypeOf(value));
                },
                _ => { });
        }

        return types.Count;
    }

    /// <summary>Behind the int16 that says what it is stands the structure and nothing else.</summary>
    private static void AssertWhole(string name, ReadOnlyMemory<byte> bytes, short version)
    {
        var body = bytes[sizeof(short)..].ToArray();
        var message = (IMessage)Activator.CreateInstance(WireVectors.Message(name))!;
        var reader = new WireReader(body);
        message.Read(ref reader, version);
        Assert.Equal(0, reader.Remaining);
        Assert.Null(WireVectors.WriteAndCompare(message, version, body));
    }
}
