using System.Collections.Immutable;
using Millrace.Core.Groups.Consumer;
using Millrace.Core.Groups.Modern;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Core.Groups.Consumer;

/// <summary>Properties of the assignors over many groups that a seed makes.</summary>
public sealed class AssignorTests
{
    private const int Groups = 400;

    public static TheoryData<string, bool> Kinds => new()
    {
        { "uniform", true }, { "uniform", false }, { "range", true }, { "range", false },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void EveryPartitionHasOneOwnerWhoSubscribes(string name, bool isAlike)
    {
        ForEach(isAlike, (members, partitions, random) =>
        {
            var assigned = Assign(name, members, partitions);
            var owned = assigned.Values.SelectMany(set => set).ToList();
            Assert.Equal(owned.Count, owned.Distinct().Count());
            var wanted = partitions.Where(topic => members.Exists(member => member.Topics.Contains(topic.Key)))
                .Sum(topic => topic.Value);
            Assert.Equal(wanted, owned.Count);
            Assert.All(members, member => Assert.All(
                assigned[member.MemberId], partition => Assert.Contains(partition.TopicId, member.Topics)));
        });
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void UniformIsEven(bool isAlike)
    {
        ForEach(isAlike, (members, partitions, random) =>
        {
            var assigned = Assign("uniform", members, partitions);
            foreach (var giver in members)
                foreach (var taker in members)
                    if (assigned[giver.MemberId].Any(partition => taker.Topics.Contains(partition.TopicId)))
                        Assert.True(assigned[giver.MemberId].Count <= assigned[taker.MemberId].Count + 1);
        });
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void UniformStaysAsItIs(bool isAlike)
    {
        ForEach(isAlike, (members, partitions, random) =>
        {
            var assigned = Assign("uniform", members, partitions);
            var again = Assign("uniform", After(members, assigned), partitions);
            Assert.All(assigned, member => Assert.True(member.Value.SetEquals(again[member.Key])));
        });
    }

    [Fact]
    public void UniformMovesNoMoreThanItMust()
    {
        ForEach(true, (members, partitions, random) =>
        {
            var assigned = Assign("uniform", members, partitions);
            var gone = members[random.Next(members.Count)];
            var left = After(members, assigned).Where(member => member != gone && member.MemberId != gone.MemberId)
                .ToList();
            if (left.Count == 0)
                return;
            var next = Assign("uniform", left, partitions);
            Assert.All(left, member => Assert.Empty(member.Target.Except(next[member.MemberId])));

            var newcomer = new AssignedMember("zz", null, members[0].Topics, []);
            var joined = Assign("uniform", [.. After(left, next), newcomer], partitions);
            var moved = left.Sum(member => next[member.MemberId].Except(joined[member.MemberId]).Count);
            Assert.Equal(joined["zz"].Count, moved);
        });
    }

    [Fact]
    public void RangesAreContiguousAndAlikeForAlikeTopics()
    {
        ForEach(true, (members, partitions, random) =>
        {
            var assigned = Assign("range", members, partitions);
            foreach (var set in assigned.Values)
                foreach (var topic in set.GroupBy(partition => partition.TopicId))
                    Assert.Equal(topic.Count() - 1, topic.Max(one => one.Partition) - topic.Min(one => one.Partition));
            foreach (var (one, count) in partitions)
                foreach (var (other, _) in partitions.Where(topic => topic.Value == count))
                    Assert.All(assigned.Values, set => Assert.Equal(
                        set.Where(partition => partition.TopicId == one).Select(partition => partition.Partition),
                        set.Where(partition => partition.TopicId == other).Select(partition => partition.Partition)));
        });
    }

    [Fact]
    public void WhoComesBackWithAnInstanceIdGetsTheSameRange()
    {
        var topic = Consumers.IdOf("t");
        var partitions = new Dictionary<Uuid, int> { [topic] = 7 };
        AssignedMember[] before = [Of("a", "i"), Of("b", null), Of("c", "k")];
        AssignedMember[] after = [Of("b", null), Of("c", "k"), Of("x", "i")];

        var first = Assign("range", [.. before], partitions);
        var second = Assign("range", [.. after], partitions);

        Assert.Equal(first["a"], second["x"]);
        Assert.Equal(first["b"], second["b"]);
    }

    private static AssignedMember Of(string member, string? instance) =>
        new(member, instance, Set([Consumers.IdOf("t")]), []);

    private static void ForEach(
        bool isAlike, Action<List<AssignedMember>, Dictionary<Uuid, int>, Random> check)
    {
        for (var seed = 0; seed < Groups; seed++)
        {
            var random = new Random(seed);
            var topics = Enumerable.Range(0, random.Next(1, 6)).Select(i => new Uuid((ulong)i + 1, 7)).ToList();
            var members = Enumerable.Range(0, random.Next(1, 12)).Select(i => new AssignedMember(
                $"m{i:00}", random.Next(3) == 0 ? $"i{i}" : null,
                Set(topics.Where(_ => isAlike || random.Next(2) == 0)), [])).ToList();
            var partitions = topics.Where(topic => members.Exists(member => member.Topics.Contains(topic)))
                .ToDictionary(topic => topic, _ => random.Next(1, 20));
            foreach (var i in Enumerable.Range(0, members.Count))
                members[i] = members[i] with { Target = Former(random, topics, i, members.Count) };
            check(members, partitions, random);
        }
    }

    /// <summary>Targets of before, of partitions that may be gone, none twice.</summary>
    private static ImmutableSortedSet<TopicIdPartition> Former(Random random, List<Uuid> topics, int i, int members) =>
        [.. topics.SelectMany(topic => Enumerable.Range(0, 25).Where(partition => partition % members == i)
            .Where(_ => random.Next(2) == 0).Select(partition => new TopicIdPartition(topic, partition)))];

    private static ImmutableSortedSet<Uuid> Set(IEnumerable<Uuid> topics) => ImmutableSortedSet.CreateRange(
        Comparer<Uuid>.Create((left, right) => left.High.CompareTo(right.High)), topics);

    private static List<AssignedMember> After(
        List<AssignedMember> members, Dictionary<string, ImmutableSortedSet<TopicIdPartition>> assigned) =>
        [.. members.Select(member => member with { Target = assigned[member.MemberId] })];

    private static Dictionary<string, ImmutableSortedSet<TopicIdPartition>> Assign(
        string name, List<AssignedMember> members, Dictionary<Uuid, int> partitions) =>
        (name == "range" ? (IPartitionAssignor)new RangeAssignor() : new UniformAssignor()).Assign(members, partitions);
}
