using System.Text;
using Millrace.Core.Groups;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using Millrace.Unit.Simulated;

namespace Millrace.Unit.Core.Groups;

/// <summary>
/// Random lives of groups. After every step a coordinator loaded from the log knows what the live one knows, and one
/// loaded from the flushed part of the log knows all that was answered: no crash loses an acknowledged commit.
/// </summary>
public sealed class ReloadTests
{
    private static readonly string[] Groups = ["g0", "g1", "g2"];
    private static readonly string[] Topics = ["t", "u"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void ReloadEqualsLiveAndCrashLosesNothingAcknowledged(int seed)
    {
        var life = new Life(seed);
        for (var step = 0; step < 600; step++)
        {
            life.Step();
            life.ReloadEqualsLive();
            life.CrashLosesNothingAcknowledged();
        }

        life.EverythingIsAnswered();
        Assert.True(life.Shard.Log.Count > 100);
    }

    private sealed class Life(int seed)
    {
        private readonly Random _random = new(seed);
        private readonly Dictionary<(string, string, int), long> _acknowledged = [];
        private readonly List<(Ask<OffsetCommitResponse> Ask, (string, string, int) Place, long Offset)> _commits = [];
        private readonly List<(string Group, string MemberId, string? Instance, Ask<JoinGroupResponse> Ask)> _joins =
            [];
        private readonly List<(string Group, int Generation, Ask<SyncGroupResponse> Ask)> _syncs = [];
        private readonly Dictionary<string, int> _synced = [];
        private long _lastOffset;
        private int _seen;

        public Shard Shard { get; } =
            new(new GroupSettings { InitialRebalanceDelayMs = seed % 2 * 1_000, OffsetsRetentionMs = 3_000_000 })
            {
                HoldsCommits = true,
            };

        public void Step()
        {
            switch (_random.Next(100))
            {
                case < 25:
                    Join();
                    break;
                case < 45:
                    Sync();
                    break;
                case < 52:
                    Shard.Heartbeat(Pick(Groups), Member().MemberId, _random.Next(5));
                    break;
                case < 75:
                    Commit();
                    break;
                case < 80:
                    var leaver = Member();
                    Shard.Leave(Pick(Groups), leaver.MemberId, $"/{leaver.Instance}");
                    break;
                case < 82:
                    Delete();
                    break;
                case < 90:
                    Shard.Wait(_random.Next(40_000));
                    break;
                case < 92:
                    Crash();
                    break;
                default:
                    Shard.Flush();
                    break;
            }

            Learn();
        }

        public void ReloadEqualsLive()
        {
            var loaded = Shard.Load();
            foreach (var group in Groups)
            {
                Assert.Equal(Offsets(Shard.Coordinator, group), Offsets(loaded, group));
                var live = Shard.Coordinator.Describe(group, 6);
                if (live.GroupState is "Stable" or "Dead")
                    Assert.Equal(Text(live), Text(loaded.Describe(group, 6)));
                else if (live.GroupState == "Empty" && loaded.Describe(group, 6).GroupState != "Dead")
                    Assert.Equal(Text(live), Text(loaded.Describe(group, 6)));
            }
        }

        public void CrashLosesNothingAcknowledged()
        {
            var crashed = new GroupCoordinator(new GroupSettings(), new CountedIds());
            var generations = new Dictionary<string, int>();
            foreach (var (key, value) in Shard.Log.Take(Shard.Flushed))
            {
                crashed.Replay(key, Shard.Optional(value));
                if (GroupRecords.TypeOf(key) == GroupRecords.GroupMetadata && value is not null)
                    generations[Encoding.UTF8.GetString(key.AsSpan(4))] =
                        GroupRecords.ReadValue<GroupMetadataValue>(value, 4, new StringCache()).Generation;
            }

            foreach (var ((group, topic, partition), offset) in _acknowledged)
                Assert.InRange(Committed(crashed, group, topic, partition), offset, long.MaxValue);
            foreach (var (group, generation) in _synced)
                Assert.InRange(generations[group], generation, int.MaxValue);
        }

        public void EverythingIsAnswered()
        {
            Shard.Run(effects => Shard.Coordinator.Resign(ErrorCode.NotCoordinator, effects));
            Shard.Flush();
            Assert.All(_joins, join => Assert.False(join.Ask.Waits));
            Assert.All(_syncs, sync => Assert.False(sync.Ask.Waits));
            Assert.All(_commits, commit => Assert.False(commit.Ask.Waits));
        }

        private void Join()
        {
            var group = Pick(Groups);
            var instance = _random.Next(3) == 0 ? Pick(["i0", "i1"]) : null;
            var known = _joins.LastOrDefault(join => join.Group == group && join.Instance == instance
                && join.MemberId.Length > 0 && _random.Next(3) > 0);
            var version = (short)_random.Next(10);
            var protocols = Pick(["range", "range,sticky", "sticky,range", "range:u"]);
            var ask = Shard.Join(group, known.MemberId ?? "", protocols, version,
                instance: version >= 5 ? instance : null, rebalanceMs: _random.Next(40_000), sessionMs: 30_000);
            _joins.Add((group, "", version >= 5 ? instance : null, ask));
        }

        private void Sync()
        {
            var (group, memberId, _, ask) = Member();
            if (memberId is "" || ask.Waits)
                return;
            var members = ask.Answer.Members.Select(member => $"{member.MemberId}={_random.Next(100)}");
            _syncs.Add((group, ask.Answer.GenerationId,
                Shard.Sync(group, memberId, ask.Answer.GenerationId, string.Join(',', members))));
        }

        private void Commit()
        {
            var (group, memberId, _, ask) = _random.Next(2) == 0 ? Member() : (Pick(Groups), "", null, null!);
            var generation = memberId is "" || ask.Waits ? -1 : ask.Answer.GenerationId;
            var place = (group, Pick(Topics), _random.Next(2));
            var commit = Shard.TryCommit(group, ++_lastOffset, memberId, generation, place.Item2, place.Item3);
            _commits.Add((commit, place, _lastOffset));
        }

        private void Delete()
        {
            var group = Pick(Groups);
            Shard.Flush();
            Learn();
            Shard.Delete(group);
            ForgetDeleted();
        }

        private void Crash()
        {
            Shard.Crash();
            _joins.RemoveAll(join => join.Ask.Waits);
            _syncs.RemoveAll(sync => sync.Ask.Waits);
            _commits.RemoveAll(commit => commit.Ask.Waits);
        }

        /// <summary>Notes what has been answered since.</summary>
        private void Learn()
        {
            for (var i = 0; i < _joins.Count; i++)
                if (!_joins[i].Ask.Waits)
                    _joins[i] = _joins[i] with { MemberId = _joins[i].Ask.Answer.MemberId };
            foreach (var (ask, place, offset) in _commits)
                if (!ask.Waits && ask.Answer.Topics[0].Partitions[0].ErrorCode == ErrorCode.None)
                    _acknowledged[place] = offset;
            _commits.RemoveAll(commit => !commit.Ask.Waits);
            foreach (var (group, generation, ask) in _syncs)
                if (!ask.Waits && ask.Answer.ErrorCode == ErrorCode.None)
                    _synced[group] = Math.Max(generation, _synced.GetValueOrDefault(group));
            _syncs.RemoveAll(sync => !sync.Ask.Waits);
            ForgetDeleted();
        }

        /// <summary>What the log deletes, on request or by age, is not promised any more.</summary>
        private void ForgetDeleted()
        {
            foreach (var (key, value) in Shard.Log.Skip(_seen))
                if (value is null && GroupRecords.TypeOf(key) == GroupRecords.GroupMetadata)
                    _synced.Remove(Encoding.UTF8.GetString(key.AsSpan(4)));
            foreach (var (group, topic, partition) in _acknowledged.Keys.ToList())
                if (Committed(Shard.Coordinator, group, topic, partition) < 0)
                    _acknowledged.Remove((group, topic, partition));
            _seen = Shard.Log.Count;
        }

        private (string Group, string MemberId, string? Instance, Ask<JoinGroupResponse> Ask) Member() =>
            _joins.Count == 0 ? (Groups[0], "", null, null!) : _joins[^(1 + _random.Next(Math.Min(_joins.Count, 8)))];

        private string Pick(string[] choices) => choices[_random.Next(choices.Length)];

        private static string Offsets(GroupCoordinator coordinator, string group) => string.Join(' ',
            coordinator.FetchOffsets(new() { GroupId = group, Topics = null }).Topics.SelectMany(topic =>
                topic.Partitions.Select(at => $"{topic.Name}-{at.PartitionIndex}={at.CommittedOffset}")));

        private static long Committed(GroupCoordinator coordinator, string group, string topic, int partition) =>
            coordinator.FetchOffsets(
                new() { GroupId = group, Topics = [new() { Name = topic, PartitionIndexes = [partition] }] })
                .Topics[0].Partitions[0].CommittedOffset;

        private static string Text(DescribeGroupsResponse.DescribedGroup group) => string.Join(' ',
            [group.GroupState, group.ProtocolType, group.ProtocolData, .. group.Members.Select(member =>
                $"{member.MemberId}/{member.GroupInstanceId}/{member.ClientId}/{member.ClientHost}/" +
                $"{Convert.ToHexString(member.MemberMetadata.Span)}/{Shard.Text(member.MemberAssignment)}")]);
    }
}
