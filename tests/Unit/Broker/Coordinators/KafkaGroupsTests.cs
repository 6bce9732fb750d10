using System.Buffers.Binary;
using Millrace.Core.Log;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Shared;

namespace Millrace.Unit.Broker.Coordinators;

/// <summary>What Kafka's groups were and had committed is what is told of them here.</summary>
public sealed class KafkaGroupsTests
{
    private const long Years = 4L * 365 * 24 * 3_600_000;
    private const string Transactional = "group-transactional";

    public static TheoryData<string> Directories => [KafkaArchive.Stopped, KafkaArchive.Killed];

    [Theory]
    [MemberData(nameof(Directories))]
    public void OffsetsOfAllKindsOfGroupsAreThoseThatKafkaReads(string name)
    {
        var groups = new KafkaGroups(name);
        var expected = groups.ExpectedOffsets();

        Assert.Empty(groups.Lines);
        Assert.NotEmpty(expected);
        Assert.All(expected, group => Assert.Equal(group.Value, groups.Offsets(group.Key)));
    }

    [Theory]
    [MemberData(nameof(Directories))]
    public void GroupsAreListedAsByKafka(string name)
    {
        var groups = new KafkaGroups(name);

        var expected = groups.Archive.Expected("groups").EnumerateObject().Select(group =>
            $"{group.Name}: {group.Value.GetProperty("type").GetString()!.ToLowerInvariant()} "
            + $"{group.Value.GetProperty("state")} {group.Value.GetProperty("protocolType")}");
        Assert.Equal(expected.Order(StringComparer.Ordinal), groups.List());
    }

    [Theory]
    [MemberData(nameof(Directories))]
    public void ClassicGroupsAreDescribedAsByKafka(string name)
    {
        var groups = new KafkaGroups(name);
        foreach (var group in groups.Archive.Expected("group-descriptions").EnumerateObject())
        {
            var described = groups.Describe(group.Name);
            if (!group.Value.TryGetProperty("simple", out _))
            {
                Assert.Equal(ErrorCode.GroupIdNotFound, described.ErrorCode);
                continue;
            }

            Assert.Equal(group.Value.GetProperty("state").GetString(), described.GroupState);
            Assert.Equal(group.Value.GetProperty("protocol").GetString(), described.ProtocolData);
            Assert.Equal(
                group.Value.GetProperty("members").EnumerateArray().Select(member =>
                    $"{member.GetProperty("memberId")} {member.GetProperty("instanceId").GetString()} "
                    + $"{member.GetProperty("clientId")} {member.GetProperty("host")}").Order(StringComparer.Ordinal),
                described.Members.Select(member =>
                    $"{member.MemberId} {member.GroupInstanceId} {member.ClientId} {member.ClientHost}")
                    .Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void AnOldDirectoryIsReadToo()
    {
        var groups = new KafkaGroups(KafkaArchive.Old);

        Assert.Equal(["fixture-group: classic Empty consumer"], groups.List());
        Assert.Equal(["codec-none-0 2000 -1 ''", "rolled-0 3000 -1 ''"], groups.Offsets("fixture-group"));
    }

    [Theory]
    [InlineData(KafkaArchive.Stopped, "codec-none", 190)]
    [InlineData(KafkaArchive.Killed, "codec-zstd", -1)]
    public void AnOpenTransactionsOffsetIsPending(string name, string topic, long committed)
    {
        var groups = new KafkaGroups(name);

        var unstable = groups.Fetch(Transactional, topic, 0, requireStable: true).Topics[0].Partitions[0];
        var present = groups.Fetch(Transactional, topic, 0, requireStable: false).Topics[0].Partitions[0];

        Assert.Equal(ErrorCode.UnstableOffsetCommit, unstable.ErrorCode);
        Assert.Equal(-1, unstable.CommittedOffset);
        Assert.Equal(ErrorCode.None, present.ErrorCode);
        Assert.Equal(committed, present.CommittedOffset);
    }

    [Theory]
    [InlineData(true, 999)]
    [InlineData(false, 190)]
    public void TheMarkerSaysWhetherThePendingOffsetCounts(bool isCommit, long committed)
    {
        var groups = new KafkaGroups(KafkaArchive.Stopped);
        End(groups, producerId: 11, isCommit);

        groups.Reload();

        var after = groups.Fetch(Transactional, "codec-none", 0, requireStable: true).Topics[0].Partitions[0];
        Assert.Equal(ErrorCode.None, after.ErrorCode);
        Assert.Equal(committed, after.CommittedOffset);
    }

    [Fact]
    public void TimeEndsClassicGroupsAlone()
    {
        var groups = new KafkaGroups(KafkaArchive.Stopped);
        var expected = groups.ExpectedOffsets();
        var ends = groups.Logs.Select(log => log.LogEndOffset).ToList();
        groups.Loop.Advance(Years);
        groups.Flush();
        groups.Loop.Advance(Years);
        groups.Flush();
        Assert.NotEqual(ends, groups.Logs.Select(log => log.LogEndOffset));

        for (var again = 0; again < 2; again++)
        {
            Assert.Equal(
                [
                    "group-consumer-regex: consumer Empty consumer",
                    "group-consumer-static: consumer Reconciling consumer",
                    "group-consumer: consumer Empty consumer",
                    "group-share: share Empty share",
                    "group-transactional: classic Empty ",
                    "group-upgraded: consumer Empty consumer",
                    "streams-app: streams Empty streams",
                ],
                groups.List());
            Assert.Equal(expected[Transactional], groups.Offsets(Transactional));
            Assert.All(
                expected.Where(group => group.Key is "group-consumer" or "group-upgraded" or "streams-app"),
                group => Assert.Equal(group.Value, groups.Offsets(group.Key)));
            groups.Reload();
        }
    }

    [Theory]
    [InlineData("group-consumer")]
    [InlineData("group-upgraded")]
    [InlineData("streams-app")]
    public void AClassicMemberTurnsAGroupThatNobodyIsInToAClassicOne(string group)
    {
        var groups = new KafkaGroups(KafkaArchive.Stopped);

        Assert.Equal(ErrorCode.CoordinatorLoadInProgress, groups.Join(group).ErrorCode);

        Assert.Equal(ErrorCode.MemberIdRequired, groups.Join(group).ErrorCode);
        Assert.Contains($"{group}: classic Empty ", groups.List());
        Assert.Equal(groups.ExpectedOffsets()[group], groups.Offsets(group));
        groups.Reload();
        Assert.Contains($"{group}: classic Empty ", groups.List());
        Assert.Equal(groups.ExpectedOffsets()[group], groups.Offsets(group));
    }

    [Theory]
    [InlineData("group-consumer-static")]
    [InlineData("group-share")]
    public void AGroupOfOthersIsClosedToClassicMembers(string group)
    {
        var groups = new KafkaGroups(KafkaArchive.Stopped);
        var before = groups.List();

        var joined = groups.Join(group);

        Assert.Equal(ErrorCode.InconsistentGroupProtocol, joined.ErrorCode);
        Assert.Equal(before, groups.List());
    }

    [Fact]
    public void AMemberThatNobodyKnowsTurnsNoGroup()
    {
        var groups = new KafkaGroups(KafkaArchive.Stopped);
        var before = groups.List();

        Assert.Equal(ErrorCode.UnknownMemberId, groups.Join("group-consumer", "who").ErrorCode);

        groups.Reload();
        Assert.Equal(before, groups.List());
    }

    [Fact]
    public void ADamagedLogIsNotServedAndTheOthersAre()
    {
        const string Damaged = "__consumer_offsets-1/00000000000000000000.log";
        var groups = new KafkaGroups(KafkaArchive.Stopped, disk => disk.Content(Damaged)[1500] ^= 0x40);

        Assert.Matches("groups of __consumer_offsets-1 are not served.* at offset 12:", Assert.Single(groups.Lines));
        foreach (var (group, offsets) in groups.ExpectedOffsets())
        {
            if (groups.Of(group).Id.Partition == 1)
                Assert.Equal(ErrorCode.NotCoordinator, groups.Fetch(group, null, 0, false).ErrorCode);
            else
                Assert.Equal(offsets, groups.Offsets(group));
        }
    }

    private static void End(KafkaGroups groups, long producerId, bool isCommit)
    {
        var key = new byte[4];
        BinaryPrimitives.WriteInt16BigEndian(key.AsSpan(2), (short)(isCommit ? 1 : 0));
        using var marker = new RecordBatchBuilder
        {
            ProducerId = producerId, ProducerEpoch = 22, IsTransactional = true, IsControl = true,
        };
        marker.Append(groups.Loop.Now.Milliseconds, key, new byte[6]);
        var log = groups.Of(Transactional).Log;
        var appended = groups.Of(Transactional).Append(
            marker.Build(), AppendOrigin.Coordinator, groups.Loop.Now, durable: null);
        Assert.Equal(ErrorCode.None, appended.Error);
        Assert.Equal(log.LogEndOffset, appended.NextOffset);
    }
}
