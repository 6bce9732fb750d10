using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Unit.Core.Groups;

public sealed class GroupAdminTests
{
    private readonly Shard _shard = new();

    public GroupAdminTests()
    {
        _shard.Alone("stable");
        var left = _shard.Alone("left");
        _shard.Commit("left", 3, left, 1);
        _shard.Leave("left", left);
        _shard.Commit("simple", 4);
    }

    [Theory]
    [InlineData("", "", "left,simple,stable")]
    [InlineData("Stable", "", "stable")]
    [InlineData("sTABLE,Dead", "", "stable")]
    [InlineData("empty", "CLASSIC", "left,simple")]
    [InlineData("nonsense", "", "")]
    [InlineData("", "consumer", "")]
    [InlineData("", "nonsense", "")]
    public void ListFilters(string states, string types, string expected)
    {
        var request = new ListGroupsRequest { StatesFilter = Split(states), TypesFilter = Split(types) };
        var groups = new List<ListGroupsResponse.ListedGroup>();
        _shard.Coordinator.List(request, groups);
        Assert.Equal(expected, string.Join(',', groups.Select(group => group.GroupId).Order()));
        Assert.All(groups, group => Assert.Equal(group.GroupId == "simple" ? "" : "consumer", group.ProtocolType));
        Assert.All(groups, group => Assert.Equal("classic", group.GroupType));
    }

    [Theory]
    [InlineData("stable", 6, ErrorCode.None, "Stable", "consumer", "range")]
    [InlineData("left", 6, ErrorCode.None, "Empty", "consumer", "")]
    [InlineData("simple", 0, ErrorCode.None, "Empty", "", "")]
    [InlineData("none", 5, ErrorCode.None, "Dead", "", "")]
    [InlineData("none", 6, ErrorCode.GroupIdNotFound, "Dead", "", "")]
    public void Describes(string group, short version, ErrorCode error, string state, string type, string protocol)
    {
        var described = _shard.Coordinator.Describe(group, version);
        Assert.Equal((error, state, type, protocol),
            (described.ErrorCode, described.GroupState, described.ProtocolType, described.ProtocolData));
        Assert.Equal(error != ErrorCode.None, described.ErrorMessage is not null);
    }

    [Theory]
    [InlineData("stable", ErrorCode.NonEmptyGroup)]
    [InlineData("none", ErrorCode.GroupIdNotFound)]
    [InlineData("", ErrorCode.GroupIdNotFound)]
    [InlineData("left", ErrorCode.None)]
    [InlineData("simple", ErrorCode.None)]
    public void DeletesGroupsWithoutMembers(string group, ErrorCode expected)
    {
        Assert.Equal(expected, _shard.Delete(group));
        if (expected == ErrorCode.None)
            Assert.Equal(ErrorCode.GroupIdNotFound, _shard.Delete(group));
        _shard.Crash();
        Assert.Equal(group == "stable" ? "Stable" : "Dead", _shard.State(group));
        Assert.Equal(-1, _shard.Committed(group));
    }

    private static List<string> Split(string text) => [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries)];
}
