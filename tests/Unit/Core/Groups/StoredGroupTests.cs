using Millrace.Core.Groups;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Core.Groups;

/// <summary>
/// Groups of which only records are there, as after a move from Kafka: what may be done to them, and what is left.
/// </summary>
public sealed class StoredGroupTests
{
    private readonly Shard _shard = new();

    [Theory]
    [InlineData("consumer")]
    [InlineData("streams")]
    public void AnybodyCommitsToAGroupThatNobodyIsIn(string type)
    {
        Begin(type);

        Assert.Equal(ErrorCode.None, _shard.Commit("g", 5));

        Assert.Equal(5, _shard.Committed("g"));
        Assert.Equal(type, TypeOf("g"));
    }

    [Theory]
    [InlineData("m", 4, 9, ErrorCode.None)]
    [InlineData("m", 3, 9, ErrorCode.StaleMemberEpoch)]
    [InlineData("n", 4, 9, ErrorCode.UnknownMemberId)]
    [InlineData("m", 4, 8, ErrorCode.UnsupportedVersion)]
    [InlineData("", -1, 9, ErrorCode.UnknownMemberId)]
    public void WhereMembersAreOneMustBeOne(string member, int epoch, short version, ErrorCode expected)
    {
        Begin("consumer");
        Enter();

        Assert.Equal(expected, _shard.Commit("g", 5, member, epoch, version: version));
    }

    [Fact]
    public void AShareGroupHasNoCommittedOffsets()
    {
        Begin("share");

        Assert.Equal(ErrorCode.GroupIdNotFound, _shard.Commit("g", 5, version: 9));
        Assert.Equal(ErrorCode.GroupIdNotFound, _shard.Commit("g", 5, version: 8)); // so says Kafka 4.4
        Assert.Equal(-1, _shard.Committed("g"));
    }

    [Theory]
    [InlineData(null, -1, ErrorCode.None)]
    [InlineData("m", 4, ErrorCode.None)]
    [InlineData("m", 5, ErrorCode.StaleMemberEpoch)]
    [InlineData("n", 4, ErrorCode.UnknownMemberId)]
    public void WhoFetchesAsAMemberMustBeOne(string? member, int epoch, ErrorCode expected)
    {
        Begin("consumer");
        Enter();

        var fetched = _shard.Coordinator.FetchOffsets(new() { GroupId = "g", MemberId = member, MemberEpoch = epoch });

        Assert.Equal(expected, fetched.ErrorCode);
    }

    [Fact]
    public void TheStateIsThatOfEpochsAndMembers()
    {
        Begin("consumer");
        Assert.Equal("Empty", State());

        Enter(epoch: 3);
        Assert.Equal("Assigning", State());
        Put(6, Group(), new ConsumerGroupTargetAssignmentMetadataValue { AssignmentEpoch = 4 });
        Assert.Equal("Reconciling", State());
        Enter(epoch: 4, state: 1);
        Assert.Equal("Reconciling", State());
        Enter(epoch: 4);
        Assert.Equal("Stable", State());
        Put(5, Member(), null);
        Assert.Equal("Empty", State());
    }

    [Theory]
    [InlineData("consumer")]
    [InlineData("streams")]
    public void DeletingAGroupDeletesAllItsRecords(string type)
    {
        Begin(type);
        Put(
            type == "consumer" ? (short)16 : (short)21,
            new ConsumerGroupRegularExpressionKey { GroupId = "g", RegularExpression = "a.*" },
            type == "consumer"
                ? new ConsumerGroupRegularExpressionValue()
                : new StreamsGroupTargetAssignmentMemberValue());
        _shard.Commit("g", 5);

        Assert.Equal(ErrorCode.None, _shard.Delete("g"));

        Assert.Equal(0, _shard.Coordinator.GroupCount);
        Assert.Equal(-1, _shard.Committed("g"));
        var last = _shard.Log.ToLookup(record => Convert.ToHexString(record.Key)).Select(record => record.Last());
        Assert.All(last.Where(record => GroupRecords.TypeOf(record.Key) > GroupRecords.GroupMetadata),
            record => Assert.Null(record.Value));
        Assert.Equal(0, _shard.Load().GroupCount);
    }

    [Fact]
    public void AGroupWithMembersIsNotDeletedNorAShareGroupBeforeItsStates()
    {
        Begin("consumer");
        Enter();
        Assert.Equal(ErrorCode.NonEmptyGroup, _shard.Delete("g"));
        Put(5, Member(), null);
        Put(3, Group(), null);
        Begin("share");

        Assert.Equal(ErrorCode.CoordinatorNotAvailable, _shard.Delete("g"));

        Assert.Equal("share", TypeOf("g"));
    }

    [Fact]
    public void OffsetsOfAGroupThatNobodyIsInAreDeleted()
    {
        Begin("consumer");
        _shard.Commit("g", 5);
        var errors = new ErrorCode[1];
        _shard.Run(effects => Assert.Equal(
            ErrorCode.None, _shard.Coordinator.DeleteOffsets("g", [new("t", 0)], errors, effects)));
        Assert.Equal(-1, _shard.Committed("g"));

        Put(5, Member(), new ConsumerGroupMemberMetadataValue { SubscribedTopicNames = ["t"] });
        _shard.Run(effects => Assert.Equal(
            ErrorCode.None, _shard.Coordinator.DeleteOffsets("g", [new("t", 0)], errors, effects)));
        Assert.Equal(ErrorCode.GroupSubscribedToTopic, errors[0]);
    }

    [Fact]
    public void AClassicGroupThatBecomesAnotherIsOne()
    {
        _shard.Commit("g", 5);
        Assert.Equal("classic", TypeOf("g"));

        Begin("consumer");
        Assert.Equal("consumer", TypeOf("g"));
        Assert.Equal(1, _shard.Coordinator.GroupCount);

        Put(3, Group(), null);
        Assert.Equal("classic", TypeOf("g"));
        Assert.Equal(5, _shard.Committed("g"));
    }

    [Fact]
    public void AClassicMemberFoundsItsGroupOnTheOffsetsOfTheOldOne()
    {
        Begin("consumer");
        _shard.Commit("g", 5);
        Assert.Equal(ErrorCode.MemberIdRequired, _shard.Join("g").Answer.ErrorCode);
        Assert.Equal("classic", TypeOf("g"));

        var member = _shard.Alone("g");

        Assert.Equal("classic", TypeOf("g"));
        Assert.Equal("Stable", _shard.State("g"));
        Assert.Equal(ErrorCode.None, _shard.Commit("g", 6, member, 1));
        _shard.Crash();
        Assert.Equal("classic", TypeOf("g"));
        Assert.Equal(6, _shard.Committed("g"));
    }

    [Fact]
    public void AFailedTurnLeavesTheGroupAsItWas()
    {
        Begin("consumer");
        _shard.NextAppend = ErrorCode.KafkaStorageError;

        Assert.Equal(ErrorCode.NotCoordinator, _shard.Join("g").Answer.ErrorCode);

        Assert.Equal("consumer", TypeOf("g"));
    }

    [Theory]
    [InlineData("m", "range", ErrorCode.UnknownMemberId)]
    [InlineData("", "", ErrorCode.InconsistentGroupProtocol)]
    public void WhoCouldNotJoinAClassicGroupTurnsNone(string member, string protocols, ErrorCode expected)
    {
        Begin("streams");

        Assert.Equal(expected, _shard.Join("g", member, protocols).Answer.ErrorCode);

        Assert.Equal("streams", TypeOf("g"));
    }

    [Fact]
    public void AnUnknownVersionIsRefused()
    {
        byte[] key = [0, 3, 0, 1, (byte)'g'];
        Assert.Throws<MalformedFrameException>(() => _shard.Coordinator.Replay(key, new byte[] { 0, 1, 0, 0, 0, 0 }));
        Assert.Throws<MalformedFrameException>(() => _shard.Coordinator.Replay(key, new byte[] { 0, 0, 0 }));
        Assert.Throws<MalformedFrameException>(() => _shard.Coordinator.Replay(new byte[] { 0, 3, 0 }, null));
    }

    /// <summary>A group of epoch 4 that nobody is in.</summary>
    private void Begin(string type) => Put(
        type switch { "consumer" => 3, "share" => 11, _ => 17 },
        Group(),
        type switch
        {
            "consumer" => new ConsumerGroupMetadataValue { Epoch = 4 },
            "share" => new ShareGroupMetadataValue { Epoch = 4 },
            _ => new StreamsGroupMetadataValue { Epoch = 4 },
        });

    /// <summary>Member "m" of the consumer group.</summary>
    private void Enter(int epoch = 4, sbyte state = 0)
    {
        Put(5, Member(), new ConsumerGroupMemberMetadataValue());
        Put(8, Member(), new ConsumerGroupCurrentMemberAssignmentValue { MemberEpoch = epoch, State = state });
    }

    private void Put(short type, IMessage key, IMessage? value) =>
        _shard.Run(effects => effects.Append(type, key, 0, value));

    private static ConsumerGroupMetadataKey Group() => new() { GroupId = "g" };

    private static ConsumerGroupMemberMetadataKey Member() => new() { GroupId = "g", MemberId = "m" };

    private string State() => Listed("g").GroupState;

    private string TypeOf(string group) => Listed(group).GroupType;

    private ListGroupsResponse.ListedGroup Listed(string group)
    {
        var groups = new List<ListGroupsResponse.ListedGroup>();
        _shard.Coordinator.List(new ListGroupsRequest(), groups);
        return Assert.Single(groups, listed => listed.GroupId == group);
    }
}
