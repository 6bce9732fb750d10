using Millrace.Core.Groups.Modern;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Unit.Core.Groups.Consumer;

/// <summary>
/// Members that come, go, fall silent and lose answers, while the coordinator crashes: what they own never overlaps,
/// and when peace is made everything is owned.
/// </summary>
public sealed class OwnershipTests
{
    private const int Seeds = 150;
    private const int Steps = 250;

    private static readonly TopicIdPartition[] All =
        [.. Consumers.Partitions("t0 t1 t2 t3 t4 u0 u1 u2")];

    [Fact]
    public void NoPartitionHasTwoOwners()
    {
        for (var seed = 0; seed < Seeds; seed++)
            Run(seed);
    }

    private static void Run(int seed)
    {
        var random = new Random(seed);
        var shard = new Shard();
        var interval = random.Next(2) == 0 ? "0" : "700";
        shard.Publish(Consumers.Image("t:5", "u:3").With("g", "consumer.assignment.interval.ms", interval));
        var members = Enumerable.Range(0, random.Next(2, 6)).Select(i => new Member(shard, $"m{i}", random)).ToList();
        for (var step = 0; step < Steps; step++)
        {
            if (random.Next(20) == 0)
                shard.Crash();
            members[random.Next(members.Count)].Step();
            shard.Wait(random.Next(0, 4_000));
            Check(seed, members);
        }

        foreach (var member in members)
            member.IsSilent = false;
        for (var round = 0; round < 60; round++)
        {
            foreach (var member in members)
                member.Beat(losesAnswer: false);
            shard.Wait(1_000);
            Check(seed, members);
        }

        var owned = members.SelectMany(member => member.Owned).Order().ToList();
        Assert.True(owned.SequenceEqual(All.Order()), $"seed {seed}: {owned.Count} of {All.Length} are owned");
        Assert.Equal("Stable", shard.Describe().GroupState);
    }

    private static void Check(int seed, List<Member> members)
    {
        var owned = members.Where(member => !member.IsFenced).SelectMany(member => member.Owned).ToList();
        Assert.True(owned.Distinct().Count() == owned.Count, $"seed {seed}: a partition has two owners");
    }

    /// <summary>A client: it owns what it was told, and gives up at once or later what it is not to have.</summary>
    private sealed class Member(Shard shard, string name, Random random)
    {
        private HashSet<TopicIdPartition> _wanted = [];
        private int _epoch;
        private long _heardAt;
        private bool _missesAnswer;

        public HashSet<TopicIdPartition> Owned { get; private set; } = [];

        public bool IsSilent { get; set; }

        /// <summary>Its session is over, which it knows by its own clock: it does not work on.</summary>
        public bool IsFenced => shard.Now.Milliseconds - _heardAt >= 45_000;

        public void Step()
        {
            switch (random.Next(14))
            {
                case 0:
                    Leave();
                    break;
                case 1:
                    IsSilent = !IsSilent;
                    break;
                default:
                    Beat(losesAnswer: random.Next(8) == 0);
                    break;
            }
        }

        public void Beat(bool losesAnswer)
        {
            if (IsSilent)
                return;
            if (IsFenced)
                Restart();
            Owned.IntersectWith(_wanted);
            var saysAll = _epoch == 0 || _missesAnswer;
            var answer = shard.TryBeat(
                name, _epoch, saysAll ? "t,u" : null, Text(Owned), rebalanceMs: saysAll ? 60_000 : -1).Answer;
            _missesAnswer = losesAnswer;
            if (!losesAnswer)
                Take(answer);
        }

        private void Take(ConsumerGroupHeartbeatResponse answer)
        {
            if (answer.ErrorCode != ErrorCode.None)
            {
                Restart();
                return;
            }

            _heardAt = shard.Now.Milliseconds;
            _epoch = answer.MemberEpoch;
            if (answer.Assignment is not { } assignment)
                return;
            _wanted = [.. assignment.TopicPartitions.SelectMany(topic => topic.Partitions.Select(
                partition => new TopicIdPartition(topic.TopicId, partition)))];
            if (Owned.All(_wanted.Contains))
                Owned = [.. _wanted];
            else if (random.Next(2) == 0)
                Owned.IntersectWith(_wanted);
        }

        private void Leave()
        {
            if (_epoch > 0)
                shard.Beat(name, -1);
            Restart();
        }

        private void Restart()
        {
            _wanted = [];
            Owned = [];
            _epoch = 0;
            _heardAt = shard.Now.Milliseconds;
        }

        private static string Text(IEnumerable<TopicIdPartition> partitions) => string.Join(' ', partitions.Select(
            partition => $"{(char)(partition.TopicId.High >> 32)}{partition.Partition}"));
    }
}
