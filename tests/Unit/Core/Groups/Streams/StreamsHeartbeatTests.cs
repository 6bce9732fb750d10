using Millrace.Protocol;
using Request = Millrace.Protocol.Messages.StreamsGroupHeartbeatRequest;
using static Millrace.Unit.Core.Groups.Streams.StreamsShard;

namespace Millrace.Unit.Core.Groups.Streams;

/// <summary>How members of a streams group join, share the tasks and go.</summary>
public sealed class StreamsHeartbeatTests
{
    private readonly StreamsShard _app = new();

    [Fact]
    public void TheFirstMemberGetsAllTasks()
    {
        var joined = _app.Join("a");

        Assert.Equal(ErrorCode.None, joined.ErrorCode);
        Assert.Equal("a", joined.MemberId);
        Assert.Equal(2, joined.MemberEpoch);
        Assert.Equal("0:0,1,2,3", Active(joined));
        Assert.Empty(joined.Status!);
        Assert.Equal(5_000, joined.HeartbeatIntervalMs);
        Assert.Equal("Stable", _app.State);
    }

    [Fact]
    public void WhatDoesNotChangeIsNotToldAgain()
    {
        _app.Join("a");

        Assert.Null(_app.Beat("a", 2, Owning("0:0,1,2,3")).ActiveTasks);
    }

    [Fact]
    public void ATaskIsGivenUpBeforeAnotherGetsIt()
    {
        _app.Join("a");
        var second = _app.Join("b", "q");
        Assert.Equal("", Active(second));
        Assert.Equal("Reconciling", _app.State);

        var revoked = _app.Beat("a", 2, Owning("0:0,1,2,3"));
        Assert.Equal("0:0,1", Active(revoked));
        Assert.Equal(2, revoked.MemberEpoch);
        Assert.Null(_app.Beat("b", 3, Owning("")).ActiveTasks);

        Assert.Equal(3, _app.Beat("a", 2, Owning("0:0,1")).MemberEpoch);
        Assert.Equal("0:2,3", Active(_app.Beat("b", 3, Owning(""))));
        Assert.Equal("Stable", _app.State);
    }

    [Fact]
    public void WhoDoesNotSayWhatItRunsMayRunItAll()
    {
        _app.Join("a");
        _app.Join("b", "q");
        _app.Beat("a", 2);

        _app.Beat("a", 2);

        Assert.Null(_app.Beat("b", 3).ActiveTasks);
    }

    [Fact]
    public void WhoDoesNotGiveUpInItsTimeIsPutOut()
    {
        _app.Join("a");
        _app.Join("b", "q");
        _app.Beat("a", 2);

        _app.Shard.Wait(29_000);
        _app.Beat("a", 2);
        _app.Beat("b", 3);
        _app.Shard.Wait(1_000);

        Assert.Equal(ErrorCode.UnknownMemberId, _app.Beat("a", 2).ErrorCode);
        Assert.Equal("0:0,1,2,3", Active(_app.Beat("b", 3)));
    }

    [Fact]
    public void WhoIsSilentIsPutOut()
    {
        _app.Join("a");

        _app.Shard.Wait(44_999);
        Assert.Equal("Stable", _app.State);
        _app.Shard.Wait(1);

        Assert.Equal("Empty", _app.State);
    }

    [Fact]
    public void ANewGroupWaitsForMoreMembers()
    {
        var app = new StreamsShard(isPrompt: false);
        var joined = app.Join("a");
        Assert.Equal(1, joined.MemberEpoch);
        Assert.Equal("", Active(joined));
        Assert.Equal([5], Statuses(joined));
        app.Shard.Wait(2_999);
        Assert.Equal([5], Statuses(app.Join("b", "q")));

        app.Shard.Wait(1);

        Assert.Equal("0:0,2", Active(app.Beat("a", 1)));
        Assert.Equal("0:1,3", Active(app.Beat("b", 1)));
        Assert.Equal("Stable", app.State);
    }

    [Fact]
    public void TwoAssignmentsAreAnIntervalApart()
    {
        _app.Join("a");
        _app.Config("streams.assignment.interval.ms", "1000");

        Assert.Equal([5], Statuses(_app.Join("b", "q")));
        _app.Shard.Wait(1_000);

        Assert.Empty(_app.Beat("a", 2, Owning("0:0,1,2,3")).Status!);
        Assert.Equal("Reconciling", _app.State);
    }

    [Fact]
    public void WhoLeavesLeavesItsTasks()
    {
        _app.Join("a");
        _app.Join("b", "q");

        var left = _app.Beat("a", -1);

        Assert.Equal(-1, left.MemberEpoch);
        Assert.Equal("0:0,1,2,3", Active(_app.Beat("b", 3)));
    }

    [Theory]
    [InlineData(1, "0:0", ErrorCode.FencedMemberEpoch)]
    [InlineData(3, "0:0", ErrorCode.FencedMemberEpoch)]
    [InlineData(0, "0:0", ErrorCode.InvalidRequest)]
    [InlineData(2, "0:4", ErrorCode.InvalidRequest)]
    [InlineData(2, "1:0", ErrorCode.InvalidRequest)]
    [InlineData(-3, "", ErrorCode.InvalidRequest)]
    [InlineData(-2, "", ErrorCode.InvalidRequest)]
    public void AMemberMustBeAtItsEpochAndRunTasksThatAre(int epoch, string owned, ErrorCode expected)
    {
        _app.Join("a");

        Assert.Equal(expected, _app.Beat("a", epoch, Owning(owned)).ErrorCode);
    }

    [Fact]
    public void WhoDidNotGetItsLastAnswerGoesOn()
    {
        _app.Join("a");
        _app.Join("b", "q");
        _app.Beat("a", 2, Owning("0:0,1,2,3"));
        _app.Beat("a", 2, Owning("0:0,1"));

        Assert.Equal(ErrorCode.None, _app.Beat("a", 2, Owning("0:0,1")).ErrorCode);
        Assert.Equal(ErrorCode.FencedMemberEpoch, _app.Beat("a", 2, Owning("0:2")).ErrorCode);
    }

    [Theory]
    [InlineData("MemberId")]
    [InlineData("GroupId")]
    [InlineData("InstanceId")]
    [InlineData("RackId")]
    [InlineData("RebalanceTimeoutMs")]
    [InlineData("ActiveTasks")]
    [InlineData("Topology")]
    [InlineData("SourceTopicRegex")]
    [InlineData("TaskOffsets")]
    public void AJoinThatLacksSomethingIsRefused(string what)
    {
        var refused = _app.Join("a", with: request =>
        {
            switch (what)
            {
                case "MemberId": request.MemberId = " "; break;
                case "GroupId": request.GroupId = ""; break;
                case "InstanceId": request.InstanceId = ""; break;
                case "RackId": request.RackId = ""; break;
                case "RebalanceTimeoutMs": request.RebalanceTimeoutMs = -1; break;
                case "ActiveTasks": request.ActiveTasks = null; break;
                case "Topology": request.Topology = null; break;
                case "SourceTopicRegex":
                    request.Topology = Of(new Request.Subtopology { SubtopologyId = "0", SourceTopicRegex = ["i.*"] });
                    break;
                default:
                    var offset = new Request.TaskOffset { SubtopologyId = "0", Offset = 1 };
                    request.TaskOffsets = [offset, offset];
                    break;
            }
        });

        Assert.Equal(ErrorCode.InvalidRequest, refused.ErrorCode);
        Assert.Equal(0, _app.Shard.Coordinator.GroupCount);
    }

    [Fact]
    public void OnlyWhoJoinsBeginsAGroup() =>
        Assert.Equal(ErrorCode.GroupIdNotFound, _app.Beat("a", 1).ErrorCode);

    [Fact]
    public void AClassicGroupWithoutMembersMakesPlaceAndItsOffsetsStay()
    {
        _app.Shard.Commit(Group, 7, topic: "in");

        Assert.Equal(ErrorCode.None, _app.Join("a").ErrorCode);

        Assert.Equal("Stable", _app.State);
        Assert.Equal(7, _app.Shard.Committed(Group, "in"));
        _app.Shard.Wait(45_000);
        Assert.Equal("Empty", _app.State);
    }

    [Fact]
    public void AClassicGroupInUseDoesNot()
    {
        _app.Shard.Alone(Group);

        Assert.Equal(ErrorCode.GroupIdNotFound, _app.Join("a").ErrorCode);
    }

    [Fact]
    public void AStaticMemberThatIsAwayKeepsItsTasksForTheNextOfItsName()
    {
        _app.Join("a", instance: "i");
        _app.Join("b", "q");
        _app.Beat("a", 2, Owning("0:0,1,2,3", ""));
        Assert.Equal(ErrorCode.UnreleasedInstanceId, _app.Join("c", instance: "i").ErrorCode);
        Assert.Equal(-2, _app.Beat("a", -2, request => request.InstanceId = "i").MemberEpoch);
        var epoch = _app.Describe().GroupEpoch;

        var back = _app.Join("c", instance: "i");

        Assert.Equal("0:0,1", Active(back));
        Assert.Equal(epoch, _app.Describe().GroupEpoch);
        Assert.Equal(ErrorCode.FencedInstanceId, _app.Beat("a", 3, request => request.InstanceId = "i").ErrorCode);
        Assert.Equal(["b", "c"], _app.Describe().Members.Select(member => member.MemberId));
    }

    [Fact]
    public void TheEndOfTheApplicationIsToldToAllUntilNobodyIsLeft()
    {
        _app.Join("a");
        _app.Join("b", "q");
        _app.Beat("a", -1, request => request.ShutdownApplication = true);
        Assert.Equal([4], Statuses(_app.Beat("b", 3)));
        _app.Beat("b", -1);

        Assert.Empty(_app.Join("c").Status!);
    }

    [Fact]
    public void MembersAreToldWhereStateCanBeAsked()
    {
        var joined = _app.Join("a", with: request => request.UserEndpoint = new() { Host = "h", Port = 80 });
        var told = Assert.Single(joined.PartitionsByUserEndpoint!);
        Assert.Equal(("h", 80), (told.UserEndpoint.Host, (int)told.UserEndpoint.Port));
        Assert.Equal("in", Assert.Single(told.ActivePartitions).Topic);
        Assert.Equal([0, 1, 2, 3], told.ActivePartitions[0].Partitions);

        Assert.Null(_app.Beat(
            "a", 2, request => request.EndpointInformationEpoch = joined.EndpointInformationEpoch)
            .PartitionsByUserEndpoint);
        Assert.NotNull(_app.Join("b", "q").PartitionsByUserEndpoint);
    }

    [Fact]
    public void TagsThatStandbyTasksNeedAreAskedFor()
    {
        _app.Config("streams.rack.aware.assignment.tags", "zone,rack");

        Assert.Equal([6], Statuses(_app.Join("a", with: request =>
            request.ClientTags = [new() { Key = "zone", Value = "z" }])));
        Assert.Empty(_app.Join("b", with: request => request.ClientTags =
            [new() { Key = "zone", Value = "z" }, new() { Key = "rack", Value = "r" }]).Status!);
    }

    [Fact]
    public void AfterAReloadAllIsAsItWas()
    {
        _app.Join("a", with: request =>
        {
            request.UserEndpoint = new() { Host = "h", Port = 80 };
            request.ClientTags = [new() { Key = "zone", Value = "z" }];
            request.RackId = "r";
        });
        _app.Join("b", "q", "i");
        _app.Beat("a", 2, Owning("0:0,1,2,3"));
        var before = _app.Describe();

        _app.Shard.Crash();

        Assert.Equivalent(before, _app.Describe(), strict: true);
        Assert.Equal(3, _app.Beat("a", 2, Owning("0:0,1")).MemberEpoch);
        Assert.Equal("0:2,3", Active(_app.Beat("b", 3, request => request.InstanceId = "i")));
    }

    [Theory]
    [InlineData("a", 2, 0, 9, ErrorCode.None)]
    [InlineData("a", 2, 3, 9, ErrorCode.None)]
    [InlineData("a", 3, 0, 9, ErrorCode.StaleMemberEpoch)]
    [InlineData("a", 1, 0, 9, ErrorCode.StaleMemberEpoch)]
    [InlineData("n", 2, 0, 9, ErrorCode.UnknownMemberId)]
    [InlineData("a", 2, 0, 8, ErrorCode.UnsupportedVersion)]
    [InlineData("", -1, 0, 9, ErrorCode.UnknownMemberId)]
    public void CommitsAreThoseOfMembers(string member, int epoch, int partition, short version, ErrorCode expected)
    {
        _app.Join("a");

        Assert.Equal(expected, _app.Shard.Commit(
            Group, 5, member, epoch, "in", partition, version));
    }

    [Fact]
    public void WhoRanATaskAlreadyMayCommitForItWithAnOlderEpoch()
    {
        _app.Join("a");
        _app.Join("b", "q");
        _app.Beat("a", 2, Owning("0:0,1,2,3"));
        _app.Beat("a", 2, Owning("0:0,1"));

        Assert.Equal(ErrorCode.None, _app.Shard.Commit(Group, 5, "a", 2, "in", 1, 9));
        Assert.Equal(ErrorCode.StaleMemberEpoch, _app.Shard.Commit(Group, 5, "a", 2, "in", 2, 9));
    }

    [Theory]
    [InlineData(null, -1, ErrorCode.None)]
    [InlineData("a", 2, ErrorCode.None)]
    [InlineData("a", 1, ErrorCode.StaleMemberEpoch)]
    [InlineData("n", 2, ErrorCode.UnknownMemberId)]
    public void WhoFetchesAsAMemberMustBeOne(string? member, int epoch, ErrorCode expected)
    {
        _app.Join("a");

        Assert.Equal(expected, _app.Shard.Coordinator.FetchOffsets(
            new() { GroupId = Group, MemberId = member, MemberEpoch = epoch }).ErrorCode);
    }

    [Fact]
    public void OnlyOffsetsOfTopicsThatNobodyReadsAreDeleted()
    {
        _app.Join("a");
        var errors = new ErrorCode[2];
        _app.Shard.Run(effects => _app.Shard.Coordinator.DeleteOffsets(
            Group, [new("in", 0), new("other", 0)], errors, effects));

        Assert.Equal([ErrorCode.GroupSubscribedToTopic, ErrorCode.None], errors);
    }

    [Fact]
    public void AGroupWithoutMembersIsDeletedWithAllItsRecords()
    {
        _app.Join("a");
        _app.Join("b", "q");
        Assert.Equal(ErrorCode.NonEmptyGroup, _app.Shard.Delete(Group));
        _app.Beat("a", -1);
        _app.Beat("b", -1);

        Assert.Equal(ErrorCode.None, _app.Shard.Delete(Group));

        Assert.Equal(ErrorCode.GroupIdNotFound, _app.Describe().ErrorCode);
        Assert.All(
            _app.Shard.Log.ToLookup(record => Convert.ToHexString(record.Key)).Select(record => record.Last()),
            record => Assert.Null(record.Value));
    }
}
