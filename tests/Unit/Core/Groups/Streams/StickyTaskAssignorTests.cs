using System.Collections.Immutable;
using Millrace.Core.Groups.Streams;
using Millrace.Protocol.Messages;

namespace Millrace.Unit.Core.Groups.Streams;

/// <summary>Balance first, then what is there stays there; copies of a task are on different processes.</summary>
public sealed class StickyTaskAssignorTests
{
    [Fact]
    public void TasksAreSpreadOverProcessesByTheirThreads()
    {
        var targets = Assign(Stateless(6), 0, Member("a", "p"), Member("b", "p"), Member("c", "q"));

        Assert.Equal([2, 2, 2], targets.OrderBy(target => target.Key).Select(target => target.Value.Active.Count));
        Assert.Equal(6, targets.Values.SelectMany(target => target.Active).Distinct().Count());
    }

    [Fact]
    public void WhoRunsATaskKeepsItAsFarAsBalanceAllows()
    {
        var targets = Assign(Stateless(4), 0, Member("a", "p", active: [0, 1, 2, 3]), Member("b", "q"));

        Assert.Equal([0, 1], Partitions(targets["a"].Active));
        Assert.Equal([2, 3], Partitions(targets["b"].Active));
    }

    [Fact]
    public void WhoGoesLeavesItsTasksToWhoHasTheirState()
    {
        var targets = Assign(
            Stateful(4), 0, Member("a", "p", active: [0]), Member("b", "q", active: [1], standby: [2, 3]));

        Assert.Equal([1, 2], Partitions(targets["b"].Active));
        Assert.Equal([0, 3], Partitions(targets["a"].Active));
    }

    [Fact]
    public void StateThatLiesOnADiskCountsToo()
    {
        var targets = Assign(
            Stateful(2), 0, Member("a", "p", active: [0]), Member("b", "q"), Member("c", "r", offsets: [(1, 100)]));

        Assert.Equal([1], Partitions(targets["c"].Active));
    }

    [Fact]
    public void StandbyTasksAreOnOtherProcesses()
    {
        var targets = Assign(
            Stateful(4), 1, Member("a", "p"), Member("b", "p"), Member("c", "q"), Member("d", "q"));

        foreach (var partition in Enumerable.Range(0, 4))
        {
            var task = new TaskId("0", partition);
            var runner = Assert.Single(targets, target => target.Value.Active.Contains(task)).Key;
            var copy = Assert.Single(targets, target => target.Value.Standby.Contains(task)).Key;
            Assert.NotEqual(runner is "a" or "b", copy is "a" or "b");
        }
    }

    [Fact]
    public void WithoutOtherProcessesThereAreNoStandbyTasks()
    {
        var targets = Assign(Stateful(4), 1, Member("a", "p"), Member("b", "p"));

        Assert.All(targets.Values, target => Assert.Empty(target.Standby));
    }

    [Fact]
    public void TasksWithoutStateHaveNoStandbyTasks()
    {
        var targets = Assign(Stateless(4), 1, Member("a", "p"), Member("b", "q"));

        Assert.All(targets.Values, target => Assert.Empty(target.Standby));
    }

    [Fact]
    public void WhatIsAssignedStaysAssigned()
    {
        static StreamsTasks Again(
            Dictionary<string, StreamsTasks> former, string id, string process, out AssignedStreamsMember member)
        {
            var tasks = former[id];
            member = new(id, process, new HeldTasks(
                tasks.Active.ToImmutableSortedDictionary(task => task, _ => 1), tasks.Standby, []),
                new Dictionary<TaskId, long>());
            return tasks;
        }

        var before = Assign(Stateful(7), 1, Member("a", "p"), Member("b", "q"), Member("c", "r"));
        var a = Again(before, "a", "p", out var memberA);
        var b = Again(before, "b", "q", out var memberB);
        var c = Again(before, "c", "r", out var memberC);

        var after = Assign(Stateful(7), 1, memberA, memberB, memberC);

        Assert.Equal([a, b, c], [after["a"], after["b"], after["c"]]);
    }

    private static Dictionary<string, StreamsTasks> Assign(
        ConfiguredSubtopology subtopology, int standbyReplicas, params AssignedStreamsMember[] members) =>
        new StickyTaskAssignor().Assign(
            members, ImmutableSortedDictionary<string, ConfiguredSubtopology>.Empty.Add("0", subtopology),
            standbyReplicas);

    private static ConfiguredSubtopology Stateless(int tasks) => new(tasks, new() { SubtopologyId = "0" });

    private static ConfiguredSubtopology Stateful(int tasks) => new(tasks, new()
    {
        SubtopologyId = "0", StateChangelogTopics = [new StreamsGroupTopologyValue.TopicInfo { Name = "log" }],
    });

    private static AssignedStreamsMember Member(
        string id, string process, int[]? active = null, int[]? standby = null, (int, long)[]? offsets = null) => new(
        id, process,
        new HeldTasks(
            (active ?? []).ToImmutableSortedDictionary(partition => new TaskId("0", partition), _ => 1),
            [.. (standby ?? []).Select(partition => new TaskId("0", partition))], []),
        (offsets ?? []).ToDictionary(offset => new TaskId("0", offset.Item1), offset => offset.Item2));

    private static int[] Partitions(ImmutableSortedSet<TaskId> tasks) => [.. tasks.Select(task => task.Partition)];
}
