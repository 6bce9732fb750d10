using System.Collections.Immutable;
using Millrace.Core.Groups.Modern;
using Millrace.Core.Groups.Streams;

namespace Millrace.Unit.Core.Groups.Streams;

/// <summary>
/// Steps of one member, as "active|standby|warmup" of partitions: what it has, what it is to have, what it has next.
/// A plus at the end says that there is more to come.
/// </summary>
public sealed class TaskReconciliationTests
{
    private readonly StreamsGroup _group = new("g");

    [Theory]
    [InlineData("||", "0,1|2|3", "0,1|2|3")] // takes what is free
    [InlineData("0,1||", "1|2|", "1|2|")] // gave up what it was not to have
    [InlineData("|0|", "0||", "0||")] // a standby task is promoted
    [InlineData("||0", "0||", "0||")] // a warmup task is promoted
    [InlineData("0||", "|0|", "|0|")] // an active task is demoted
    [InlineData("|0|", "||0", "||0")] // a standby task becomes one for warmup
    [InlineData("||0", "|0|", "|0|")] // and back
    [InlineData("0|1|", "1|0|", "1|0|")] // both ways at once
    public void WhatIsFreeIsTakenAtOnce(string has, string target, string expected) =>
        Assert.Equal(expected, Next("m", "p", has, target, owned: "||"));

    [Theory]
    [InlineData("0,1||", "1|2|", "1||", "0||")] // nothing is taken before the rest is given up
    [InlineData("0||", "|0|", "|0|", "0||")] // a task that is demoted is closed as active first
    [InlineData("|0,1|", "0||", "|0|", "|1|")] // what is to be promoted stays what it is until then
    public void WhatItHasItGivesUpFirst(string has, string target, string kept, string pending)
    {
        var member = new Reconciliation(_group, 5, Tasks(target), null, null).Next(Member("m", "p", has));

        Assert.Equal(MemberState.UnrevokedPartitions, member.State);
        Assert.Equal(4, member.Epoch);
        Assert.Equal(kept, Text(member.Assigned));
        Assert.Equal(pending, Text(member.PendingRevocation));
    }

    [Theory]
    [InlineData("q", "0||", "0||", "||+")] // one runs a task
    [InlineData("q", "|0|", "0||", "0||")] // a copy elsewhere is in nobody's way
    [InlineData("p", "|0|", "0||", "||+")] // a copy of another thread of the process is
    [InlineData("p", "0||", "|0|", "||+")]
    [InlineData("q", "0||", "|0|", "|0|")]
    [InlineData("p", "|0|", "|0|", "||+")]
    [InlineData("p", "||0", "||0", "||+")]
    [InlineData("q", "||0", "||0", "||0")]
    public void WhatOthersHaveIsWaitedFor(string process, string othersHave, string target, string expected)
    {
        _group.Put(Member("other", process, othersHave));

        Assert.Equal(expected, Next("m", "p", "||", target, owned: "||"));
    }

    private string Next(string id, string process, string has, string target, string owned)
    {
        var member = Member(id, process, has);
        _group.Put(member);
        var next = new Reconciliation(_group, 5, Tasks(target), Tasks(owned), null).Next(member);
        Assert.Equal(5, next.Epoch);
        return Text(next.Assigned) + (next.State == MemberState.Stable ? "" : "+");
    }

    private static StreamsMember Member(string id, string process, string has)
    {
        var tasks = Tasks(has);
        return new StreamsMember(id)
        {
            ProcessId = process,
            Epoch = 4,
            Assigned = new HeldTasks(
                tasks.Active.ToImmutableSortedDictionary(task => task, _ => 1), tasks.Standby, tasks.Warmup),
        };
    }

    private static StreamsTasks Tasks(string text)
    {
        var roles = text.Split('|').Select(role => role.Split(',', StringSplitOptions.RemoveEmptyEntries)
            .Select(partition => new TaskId("0", int.Parse(partition))).ToImmutableSortedSet()).ToList();
        return new StreamsTasks(roles[0], roles[1], roles[2]);
    }

    private static string Text(HeldTasks tasks) => string.Join('|',
        ((IEnumerable<TaskId>[])[tasks.Active.Keys, tasks.Standby, tasks.Warmup]).Select(
            role => string.Join(',', role.Select(task => task.Partition))));
}
