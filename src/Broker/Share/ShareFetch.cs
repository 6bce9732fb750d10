using Millrace.Broker.Partitions;
using Millrace.Broker.Requests;
using Millrace.Core.Share;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Share;

/// <summary>
/// The part of one ShareFetch that acquires records, once what it acknowledges is stored. Owned by the loop of its
/// connection. It holds no records while it waits.
/// </summary>
internal sealed class ShareFetch(
    PendingRequest pending, ShareFetchRequest request, OpenShareSession open, TopicPartitions topics,
    SharedPartitions shared)
{
    private const sbyte RecordLimit = 1;

    private IReadOnlyList<AcknowledgeResult> _acknowledged = [];

    public void Run(IReadOnlyList<AcknowledgeResult> acknowledged)
    {
        _acknowledged = acknowledged;
        var wantsNothing = request.ShareSessionEpoch == ShareSessions.Final || request.IsRenewAck;
        if (wantsNothing)
            Reply([]);
        else if (!TryComplete(isLast: request.MaxWaitMs <= 0))
            DelayedShareFetch.Wait(pending, pending.Loop.Steady + request.MaxWaitMs, Find, TryComplete);
    }

    /// <summary>The partitions of the session that can be read here.</summary>
    private List<SharedPartition> Find() =>
        [.. open.Partitions.Select(partition => Find(partition, out _)).OfType<SharedPartition>()];

    private SharedPartition? Find(ShareSessionPartition wanted, out ErrorCode error)
    {
        error = ErrorCode.UnknownTopicId;
        if (topics.Find(wanted.TopicId) is not { } topic)
            return null;
        error = ErrorCode.UnknownTopicOrPartition;
        return TopicPartitions.Find(topic, wanted.Partition) is { } partition
            ? shared.Find(wanted.KeyIn(open.GroupId), partition, out error)
            : null;
    }

    /// <summary>Replies if there is something to say or nothing more is to be waited for; whether it did.</summary>
    private bool TryComplete(bool isLast)
    {
        if (open.Session.IsEnded)
        {
            Reply([]);
            return true;
        }

        if (!isLast && request.MinBytes > 1 && !HasEnough())
            return false;
        var data = Acquire(out var hasNews);
        if (!isLast && !hasNews && open.Partitions.Count > 0)
            return false;
        Reply(data);
        return true;
    }

    private bool HasEnough()
    {
        var bytes = 0L;
        foreach (var wanted in open.Partitions)
        {
            if (Find(wanted, out var error) is { } partition)
                bytes += partition.AvailableBytes(MaxBytes());
            else if (error != ErrorCode.None)
                return true;
        }

        return bytes >= request.MinBytes;
    }

    /// <summary>Each partition gets its share of the bytes; which one is first changes from request to request.
    /// </summary>
    private List<(Uuid TopicId, ShareFetchResponse.PartitionData Data)> Acquire(out bool hasNews)
    {
        var data = new List<(Uuid, ShareFetchResponse.PartitionData)>();
        var left = (long)Math.Max(request.MaxRecords, 0);
        hasNews = false;
        for (var i = 0; i < open.Partitions.Count; i++)
        {
            var wanted = open.Partitions[(int)(((uint)request.ShareSessionEpoch + i) % open.Partitions.Count)];
            var records = Find(wanted, out var error) is { } partition
                ? partition.Fetch(open.MemberId, MaxBytes(), Limits(left))
                : SharedRecords.Failed(error);
            left -= records.Count;
            var isNews = records.Error != ErrorCode.None || records.Acquired.Count > 0;
            hasNews |= isNews;
            if (!isNews && !wanted.MustBeNamed)
                continue;
            wanted.MustBeNamed = records.Error != ErrorCode.None;
            data.Add((wanted.TopicId, Data(wanted.Partition, records)));
        }

        return data;
    }

    private FetchLimits Limits(long left) =>
        new(left, Math.Max(request.BatchSize, 1), request.ShareAcquireMode == RecordLimit);

    private int MaxBytes() => Math.Max(request.MaxBytes, 0) / Math.Max(open.Partitions.Count, 1);

    private static ShareFetchResponse.PartitionData Data(int partition, in SharedRecords records) => new()
    {
        PartitionIndex = partition,
        ErrorCode = records.Error,
        Records = records.Records,
        AcquiredRecords = [.. records.Acquired.Select(acquired => new ShareFetchResponse.AcquiredRecord
        {
            FirstOffset = acquired.FirstOffset,
            LastOffset = acquired.LastOffset,
            DeliveryCount = acquired.DeliveryCount,
        })],
    };

    private void Reply(List<(Uuid TopicId, ShareFetchResponse.PartitionData Data)> data)
    {
        var named = _acknowledged.Count == 0
            ? []
            : data.ToDictionary(entry => (entry.TopicId, entry.Data.PartitionIndex), entry => entry.Data);
        foreach (var result in _acknowledged)
        {
            if (!named.TryGetValue((result.TopicId, result.Partition), out var found))
            {
                named[(result.TopicId, result.Partition)] = found = Data(result.Partition, SharedRecords.Nothing);
                data.Add((result.TopicId, found));
            }

            (found.AcknowledgeErrorCode, found.AcknowledgeErrorMessage) = (result.Error, result.Message);
        }

        var response = new ShareFetchResponse
        {
            AcquisitionLockTimeoutMs = shared.SettingsOf(open.GroupId).LockDurationMs,
        };
        foreach (var topic in data.GroupBy(entry => entry.TopicId))
            response.Responses.Add(new() { TopicId = topic.Key, Partitions = [.. topic.Select(entry => entry.Data)] });
        pending.Reply(response);
    }
}
