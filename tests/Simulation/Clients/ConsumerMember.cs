using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Simulation.Ledgers;

namespace Millrace.Simulation.Clients;

/// <summary>
/// A member of a consumer group (KIP-848): it owns what it is told, gives up what it is told to give up, commits with
/// its epoch, and leaves or goes silent.
/// </summary>
internal sealed class ConsumerMember(World world, int number, string group)
    : Client(world, $"consumer member {number} of {group}")
{
    public const int SessionMs = 6000;

    private const int RebalanceMs = 30_000;

    private readonly Dictionary<int, long> _positions = [];
    private string _memberId = "";
    private int _incarnation;
    private int _epoch;
    private bool _missesAnswer;
    private bool _hasCoordinator;
    private Instant _sessionEnd = new(0);

    protected override async Task Work()
    {
        await Pause(10, 1500);
        if (World.Ledger.StableTopics.Count == 0 || (!_hasCoordinator && !await FindCoordinator()))
            return;
        switch (Random.Next(20))
        {
            case 0:
                await Leave();
                break;
            case 1:
                await Pause(1000, 2 * SessionMs);
                break;
            case < 8 when _positions.Count > 0:
                await Commit();
                break;
            default:
                await Beat();
                break;
        }
    }

    /// <summary>When all others are gone it gets everything.</summary>
    public async Task OwnAll()
    {
        while (_positions.Count < Topic.Partitions.Count)
        {
            if (_hasCoordinator || await FindCoordinator())
                await Beat();
            await Pause(100, 500);
        }
    }

    private async Task<bool> FindCoordinator()
    {
        var answer = await Call<FindCoordinatorResponse>(
            ApiKey.FindCoordinator, 3, new FindCoordinatorRequest { Key = group });
        return _hasCoordinator = answer is { ErrorCode: ErrorCode.None };
    }

    private async Task Beat()
    {
        if (World.Time.Now >= _sessionEnd)
            Restart();
        var sent = World.Time.Now;
        var saysAll = _epoch == 0 || _missesAnswer;
        var answer = await Call<ConsumerGroupHeartbeatResponse>(
            ApiKey.ConsumerGroupHeartbeat, 1, new ConsumerGroupHeartbeatRequest
            {
                GroupId = group,
                MemberId = _memberId,
                MemberEpoch = _epoch,
                RebalanceTimeoutMs = saysAll ? RebalanceMs : -1,
                SubscribedTopicNames = saysAll ? [Topic.Name] : null,
                TopicPartitions = _positions.Count == 0
                    ? []
                    : [new() { TopicId = Topic.Id, Partitions = [.. _positions.Keys] }],
            });
        _missesAnswer = answer is null;
        Say($"owning {string.Join(' ', _positions.Keys)} at epoch {_epoch}: {Text(answer)}");
        if (answer is null)
            return;
        if (answer.ErrorCode != ErrorCode.None)
        {
            if (answer.ErrorCode is ErrorCode.UnknownMemberId or ErrorCode.FencedMemberEpoch
                or ErrorCode.GroupIdNotFound)
                Restart();
            return;
        }

        _epoch = answer.MemberEpoch;
        _sessionEnd = sent + SessionMs;
        if (World.Time.Now >= _sessionEnd)
            return;
        foreach (var partition in _positions.Keys)
            World.Ownership.Own(group, NameOf(partition), Name, _sessionEnd);
        if (answer.Assignment is { } assignment)
            await Take([.. assignment.TopicPartitions.SelectMany(topic => topic.Partitions)]);
    }

    /// <summary>Gives up what it is not to have, which takes a while, and begins with what is new.</summary>
    private async Task Take(List<int> assigned)
    {
        World.Sometimes.Count(Rare.ConsumerGroupReconciled);
        foreach (var partition in assigned.Where(partition => !_positions.ContainsKey(partition)))
            World.Ownership.Own(group, NameOf(partition), Name, _sessionEnd);
        var revoked = _positions.Keys.Except(assigned).ToList();
        if (revoked.Count > 0)
        {
            World.Sometimes.Count(Rare.PartitionRevoked);
            await Pause(1, 800);
        }

        foreach (var partition in revoked)
            GiveUp(partition);
        var added = assigned.Where(partition => !_positions.ContainsKey(partition)).ToList();
        foreach (var partition in added)
            _positions[partition] = -1;
    }

    private async Task Commit()
    {
        if (World.Time.Now >= _sessionEnd)
            return;
        var partition = _positions.Keys.ElementAt(Random.Next(_positions.Count));
        if (_positions[partition] < 0 && !await Fetch(partition))
            return;
        var offset = _positions[partition] += Random.Next(1, 20);
        World.Ledger.Committing(group, NameOf(partition), offset);
        var answer = await Call<OffsetCommitResponse>(ApiKey.OffsetCommit, 9, new OffsetCommitRequest
        {
            GroupId = group,
            GenerationIdOrMemberEpoch = _epoch,
            MemberId = _memberId,
            Topics =
            [
                new()
                {
                    Name = Topic.Name,
                    Partitions = [new() { PartitionIndex = partition, CommittedOffset = offset }],
                },
            ],
        });
        if (answer?.Topics[0].Partitions[0].ErrorCode == ErrorCode.None)
            World.Ledger.Committed(group, NameOf(partition), offset);
        else
            _positions[partition] = -1;
    }

    private async Task<bool> Fetch(int partition)
    {
        var safe = World.Ledger.SafeOffset(group, NameOf(partition));
        var answer = await Call<OffsetFetchResponse>(ApiKey.OffsetFetch, 9, new OffsetFetchRequest
        {
            Groups =
            [
                new()
                {
                    GroupId = group, MemberId = _memberId, MemberEpoch = _epoch,
                    Topics = [new() { Name = Topic.Name, PartitionIndexes = [partition] }],
                },
            ],
        });
        if (answer?.Groups[0] is not { ErrorCode: ErrorCode.None } found
            || found.Topics[0].Partitions[0].ErrorCode != ErrorCode.None)
            return false;
        var offset = found.Topics[0].Partitions[0].CommittedOffset;
        World.Ledger.Fetched(group, NameOf(partition), safe, offset);
        _positions[partition] = Math.Max(offset, 0);
        return true;
    }

    private async Task Leave()
    {
        foreach (var partition in _positions.Keys.ToList())
            GiveUp(partition);
        if (_epoch > 0)
            await Call<ConsumerGroupHeartbeatResponse>(
                ApiKey.ConsumerGroupHeartbeat, 1, new ConsumerGroupHeartbeatRequest
                {
                    GroupId = group, MemberId = _memberId, MemberEpoch = -1,
                });
        Restart();
    }

    private static string Text(ConsumerGroupHeartbeatResponse? answer) =>
        answer is null ? "no answer"
        : answer.ErrorCode != ErrorCode.None ? $"{answer.ErrorCode}"
        : answer.Assignment is not { } assignment ? $"epoch {answer.MemberEpoch}"
        : $"epoch {answer.MemberEpoch}, to have "
            + string.Join(' ', assignment.TopicPartitions.SelectMany(topic => topic.Partitions));

    private void Restart()
    {
        foreach (var partition in _positions.Keys.ToList())
            GiveUp(partition);
        _memberId = $"{Name} {++_incarnation}";
        _epoch = 0;
        _sessionEnd = World.Time.Now + SessionMs;
    }

    private void GiveUp(int partition)
    {
        _positions.Remove(partition);
        World.Ownership.Release(group, NameOf(partition), Name);
    }

    private TopicLedger Topic => World.Ledger.StableTopics[0];

    private string NameOf(int partition) => $"{Topic.Name}-{partition}";
}
