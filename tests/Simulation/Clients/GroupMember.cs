using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Simulation.Ledgers;

namespace Millrace.Simulation.Clients;

/// <summary>
/// A member of a group that joins, gets partitions, goes on from the committed offsets and commits higher ones, then
/// leaves or goes silent.
/// </summary>
internal sealed class GroupMember(World world, int number, string group) : Client(world, $"member {number} of {group}")
{
    private const int SessionMs = 6000;

    private string _memberId = "";
    private int _generation;
    private bool _hasCoordinator;

    protected override async Task Work()
    {
        await Pause(1, 2000);
        if (World.Ledger.StableTopics.Count == 0 || (!_hasCoordinator && !await FindCoordinator()))
            return;
        if (await Join() is not { } partitions)
            return;
        World.Sometimes.Count(Rare.GroupRebalanced);
        var positions = await FetchOffsets(partitions);
        for (var i = Random.Next(1, 15); positions is not null && i > 0 && !World.IsEnding; i--)
        {
            await Pause(10, 2500);
            if (!await Beat() || !await Commit(positions))
                break;
        }

        if (Random.Next(2) == 0)
            await Leave();
        if (Random.Next(3) == 0)
            _memberId = "";
    }

    private async Task<bool> FindCoordinator()
    {
        var answer = await Call<FindCoordinatorResponse>(
            ApiKey.FindCoordinator, 3, new FindCoordinatorRequest { Key = group });
        return _hasCoordinator = answer is { ErrorCode: ErrorCode.None };
    }

    /// <summary>The partitions that this member has got, by number; null if it could not join.</summary>
    private async Task<List<int>?> Join()
    {
        var joined = await Call<JoinGroupResponse>(ApiKey.JoinGroup, 3, new JoinGroupRequest
        {
            GroupId = group,
            MemberId = _memberId,
            SessionTimeoutMs = SessionMs,
            RebalanceTimeoutMs = SessionMs,
            ProtocolType = "consumer",
            Protocols = [new() { Name = "range" }],
        });
        if (joined is not { ErrorCode: ErrorCode.None })
        {
            _memberId = "";
            return null;
        }

        (_memberId, _generation) = (joined.MemberId, joined.GenerationId);
        var synced = await Call<SyncGroupResponse>(ApiKey.SyncGroup, 3, new SyncGroupRequest
        {
            GroupId = group,
            GenerationId = _generation,
            MemberId = _memberId,
            Assignments = Assign(joined.Members.ConvertAll(member => member.MemberId)),
        });
        return synced is { ErrorCode: ErrorCode.None }
            ? [.. synced.Assignment.ToArray().Select(number => (int)number)]
            : null;
    }

    private List<SyncGroupRequest.MemberAssignment> Assign(List<string> members) =>
        [.. members.Select((member, i) => new SyncGroupRequest.MemberAssignment
        {
            MemberId = member,
            Assignment = Enumerable.Range(0, Topic.Partitions.Count)
                .Where(partition => partition % members.Count == i)
                .Select(partition => (byte)partition).ToArray(),
        })];

    private TopicLedger Topic => World.Ledger.StableTopics[0];

    private async Task<Dictionary<int, long>?> FetchOffsets(List<int> partitions)
    {
        var safe = partitions.ToDictionary(number => number, number => World.Ledger.SafeOffset(group, NameOf(number)));
        var answer = await Call<OffsetFetchResponse>(ApiKey.OffsetFetch, 7, new OffsetFetchRequest
        {
            GroupId = group,
            Topics = [new() { Name = Topic.Name, PartitionIndexes = partitions }],
        });
        if (answer is not { ErrorCode: ErrorCode.None })
            return null;
        var positions = new Dictionary<int, long>();
        foreach (var found in answer.Topics[0].Partitions)
        {
            if (found.ErrorCode != ErrorCode.None)
                return null;
            World.Ledger.Fetched(
                group, NameOf(found.PartitionIndex), safe[found.PartitionIndex], found.CommittedOffset);
            positions[found.PartitionIndex] = Math.Max(found.CommittedOffset, 0);
        }

        return positions;
    }

    private async Task<bool> Beat() =>
        await Call<HeartbeatResponse>(ApiKey.Heartbeat, 3, new HeartbeatRequest
        {
            GroupId = group,
            GenerationId = _generation,
            MemberId = _memberId,
        }) is { ErrorCode: ErrorCode.None };

    private async Task<bool> Commit(Dictionary<int, long> positions)
    {
        foreach (var number in positions.Keys.ToArray())
        {
            positions[number] += Random.Next(1, 20);
            World.Ledger.Committing(group, NameOf(number), positions[number]);
        }

        var answer = await Call<OffsetCommitResponse>(ApiKey.OffsetCommit, 8, new OffsetCommitRequest
        {
            GroupId = group,
            GenerationIdOrMemberEpoch = _generation,
            MemberId = _memberId,
            Topics =
            [
                new()
                {
                    Name = Topic.Name,
                    Partitions = [.. positions.Select(position => new OffsetCommitRequest.Partition
                    {
                        PartitionIndex = position.Key,
                        CommittedOffset = position.Value,
                    })],
                },
            ],
        });
        if (answer is null)
            return false;
        var isGood = true;
        foreach (var committed in answer.Topics.SelectMany(topic => topic.Partitions))
        {
            Say($"commits {positions[committed.PartitionIndex]} of {NameOf(committed.PartitionIndex)}: "
                + committed.ErrorCode);
            isGood &= committed.ErrorCode == ErrorCode.None;
            if (committed.ErrorCode == ErrorCode.None)
                World.Ledger.Committed(group, NameOf(committed.PartitionIndex), positions[committed.PartitionIndex]);
        }

        return isGood;
    }

    private async Task Leave()
    {
        await Call<LeaveGroupResponse>(
            ApiKey.LeaveGroup, 2, new LeaveGroupRequest { GroupId = group, MemberId = _memberId });
        _memberId = "";
    }

    private string NameOf(int partition) => $"{Topic.Name}-{partition}";
}
