using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Simulation.Clients;

/// <summary>
/// A member of a share group that acquires records and accepts, releases or rejects them, or says nothing; then it
/// closes its session or vanishes.
/// </summary>
internal sealed class ShareMember(World world, int number, string group)
    : Client(world, $"share member {number} of {group}")
{
    private const sbyte Accept = 1;
    private const sbyte Release = 2;
    private const sbyte Reject = 3;

    private readonly string _memberId = $"member-{number}";
    private int _epoch;
    private int _sessionEpoch;
    private bool _hasCoordinators;

    /// <summary>Accepts all that is left, until nothing is; true if it came to that.</summary>
    public async Task<bool> Drain()
    {
        for (var i = 0; i < 200; i++)
        {
            if (await IsDrained())
                return true;
            if (await Open() is not { Count: > 0 } partitions)
            {
                await Pause(100, 1000);
                continue;
            }

            for (var fetches = 0; fetches < 5 && await Fetch(partitions, _ => Accept); fetches++)
                await Pause(10, 100);
            await Close();
            await Pause(1000, 3000);
        }

        return false;
    }

    protected override async Task Work()
    {
        await Pause(1, 2000);
        if (World.Ledger.StableTopics.Count == 0 || await Open() is not { Count: > 0 } partitions)
            return;
        for (var i = Random.Next(1, 12); i > 0 && !World.IsEnding; i--)
        {
            await Pause(10, 2000);
            if (!await Fetch(partitions, _ => Draw()) || !await Beat())
                break;
        }

        if (Random.Next(2) == 0)
            await Close();
        if (Random.Next(3) == 0)
            await Leave();
    }

    private sbyte? Draw() => Random.Next(10) switch
    {
        < 5 => Accept,
        < 7 => Release,
        7 => Reject,
        _ => null,
    };

    /// <summary>Joins; what it is assigned, once it is.</summary>
    private async Task<List<(Uuid Topic, int Partition)>> Open()
    {
        _sessionEpoch = 0;
        World.Shares.LeavingAll(Name);
        if (!_hasCoordinators && !await FindCoordinators())
            return [];
        List<(Uuid, int)> assigned = [];
        for (var i = 0; i < 15 && assigned.Count == 0; i++)
        {
            var answer = await Heartbeat(i == 0 ? 0 : _epoch);
            if (answer is not { ErrorCode: ErrorCode.None })
                return [];
            _epoch = answer.MemberEpoch;
            assigned = [.. (answer.Assignment?.TopicPartitions ?? []).SelectMany(
                topic => topic.Partitions, (topic, partition) => (topic.TopicId, partition))];
            await Pause(100, 1500);
        }

        return assigned;
    }

    private async Task<bool> FindCoordinators()
    {
        var share = $"{group}:{World.Ledger.StableTopics[0].Id}:0";
        foreach (var (type, key) in new[] { ((sbyte)0, group), ((sbyte)2, share) })
        {
            var answer = await Call<FindCoordinatorResponse>(
                ApiKey.FindCoordinator, 6, new FindCoordinatorRequest { KeyType = type, CoordinatorKeys = [key] });
            if (answer?.Coordinators[0].ErrorCode != ErrorCode.None)
                return false;
        }

        return _hasCoordinators = true;
    }

    private Task<ShareGroupHeartbeatResponse?> Heartbeat(int epoch) => Call<ShareGroupHeartbeatResponse>(
        ApiKey.ShareGroupHeartbeat, 1, new ShareGroupHeartbeatRequest
        {
            GroupId = group,
            MemberId = _memberId,
            MemberEpoch = epoch,
            SubscribedTopicNames = epoch == 0 ? World.Ledger.StableTopics.ConvertAll(topic => topic.Name) : null,
        });

    private async Task<bool> Beat()
    {
        var answer = await Heartbeat(_epoch);
        if (answer is not { ErrorCode: ErrorCode.None })
            return false;
        _epoch = answer.MemberEpoch;
        return true;
    }

    private Task Leave() => Heartbeat(-1);

    /// <summary>Acquires and acknowledges; false when the session is lost or nothing came.</summary>
    private async Task<bool> Fetch(List<(Uuid Topic, int Partition)> partitions, Func<long, sbyte?> verdict)
    {
        var sentAt = World.Time.Microseconds;
        var answer = await Call<ShareFetchResponse>(ApiKey.ShareFetch, 1, new ShareFetchRequest
        {
            GroupId = group,
            MemberId = _memberId,
            ShareSessionEpoch = _sessionEpoch,
            MaxWaitMs = Random.Next(0, 1000),
            MinBytes = 1,
            MaxBytes = 20_000,
            MaxRecords = 30,
            BatchSize = 30,
            Topics = _sessionEpoch > 0 ? [] : [.. partitions.GroupBy(one => one.Topic).Select(
                topic => new ShareFetchRequest.FetchTopic
                {
                    TopicId = topic.Key,
                    Partitions = [.. topic.Select(one => new ShareFetchRequest.FetchPartition
                    {
                        PartitionIndex = one.Partition,
                    })],
                })],
        });
        if (answer is not { ErrorCode: ErrorCode.None })
            return false;
        _sessionEpoch++;
        foreach (var topic in answer.Responses)
        {
            foreach (var partition in topic.Partitions)
            {
                foreach (var records in partition.AcquiredRecords)
                    World.Shares.Delivered(
                        (group, topic.TopicId, partition.PartitionIndex),
                        (records.FirstOffset, records.LastOffset, records.DeliveryCount), Name, sentAt);
                if (!await Acknowledge(topic.TopicId, partition, verdict))
                    return false;
            }
        }

        return true;
    }

    private async Task<bool> Acknowledge(
        Uuid topic, ShareFetchResponse.PartitionData partition, Func<long, sbyte?> verdict)
    {
        var share = (group, topic, partition.PartitionIndex);
        var said = partition.AcquiredRecords
            .Select(records => (records.FirstOffset, records.LastOffset, Verdict: verdict(records.FirstOffset)))
            .Where(records => records.Verdict is not null).ToList();
        if (said.Count == 0)
            return true;
        foreach (var (first, last, _) in said)
            World.Shares.Leaving(share, first, last);
        var answer = await Call<ShareAcknowledgeResponse>(ApiKey.ShareAcknowledge, 1, new ShareAcknowledgeRequest
        {
            GroupId = group,
            MemberId = _memberId,
            ShareSessionEpoch = _sessionEpoch,
            Topics =
            [
                new()
                {
                    TopicId = topic,
                    Partitions =
                    [
                        new()
                        {
                            PartitionIndex = partition.PartitionIndex,
                            AcknowledgementBatches = said.ConvertAll(
                                records => new ShareAcknowledgeRequest.AcknowledgementBatch
                                {
                                    FirstOffset = records.FirstOffset,
                                    LastOffset = records.LastOffset,
                                    AcknowledgeTypes = [records.Verdict!.Value],
                                }),
                        },
                    ],
                },
            ],
        });
        if (answer is not { ErrorCode: ErrorCode.None })
            return false;
        _sessionEpoch++;
        if (answer.Responses[0].Partitions[0].ErrorCode != ErrorCode.None)
            return true;
        foreach (var (first, last, _) in said.Where(records => records.Verdict != Release))
            World.Shares.Answered(share, first, last);
        World.Sometimes.Count(Rare.ShareAcknowledged);
        return true;
    }

    private async Task Close()
    {
        World.Shares.LeavingAll(Name);
        await Call<ShareAcknowledgeResponse>(ApiKey.ShareAcknowledge, 1, new ShareAcknowledgeRequest
        {
            GroupId = group,
            MemberId = _memberId,
            ShareSessionEpoch = -1,
        });
    }

    /// <summary>
    /// Whether all records are accepted, rejected or given up. What retention has deleted is done in memory alone until
    /// the next acknowledgement: the broker tells of it as left, as Kafka does.
    /// </summary>
    private async Task<bool> IsDrained()
    {
        var answer = await Call<DescribeShareGroupOffsetsResponse>(
            ApiKey.DescribeShareGroupOffsets, 1, new DescribeShareGroupOffsetsRequest
            {
                Groups = [new() { GroupId = group, Topics = null }],
            });
        return answer is not null && !answer.Groups[0].Topics.Exists(topic => topic.Partitions.Exists(partition =>
            World.Shares.IsKept(topic.TopicId, partition.PartitionIndex)
            && (partition.ErrorCode != ErrorCode.None || partition.Lag > 0)));
    }
}
