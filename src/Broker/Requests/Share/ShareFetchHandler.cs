using Millrace.Broker.Partitions;
using Millrace.Broker.Share;
using Millrace.Core.Share;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Share;

/// <summary>
/// ShareFetch (key 78), versions 1 and 2. Acquires records for a member of a share group in the partitions of its
/// session, after it has acknowledged others (KIP-932).
/// </summary>
/// <remarks>
/// <para>The acknowledgements are on stable storage before the records are acquired. Whole batches are given even where
/// only some of their records are acquired; without any the request waits as long as it says. A session that begins may
/// not acknowledge; one that ends acquires nothing and gives back what it has.</para>
/// <para>Version 2 may ask for no record more than it wants (KIP-1206), and may lengthen locks, fetching nothing
/// (KIP-1222).</para>
/// </remarks>
internal sealed class ShareFetchHandler(TopicPartitions topics, SharedPartitions shared, ShareSessionCache sessions)
    : RequestHandler<ShareFetchRequest>
{
    protected override void Handle(PendingRequest pending, ShareFetchRequest request)
    {
        var error = TryOpen(pending, request, out var open);
        if (open is null)
        {
            pending.Reply(new ShareFetchResponse { ErrorCode = error });
            return;
        }

        var acknowledgements = Acknowledge(request, open);
        if (request.ShareSessionEpoch == ShareSessions.Final)
        {
            foreach (var partition in open.Partitions)
                acknowledgements.Release(partition);
        }

        var fetch = new ShareFetch(pending, request, open, topics, shared);
        acknowledgements.WhenStored(() =>
        {
            if (pending.Loop.IsCurrent)
                fetch.Run(acknowledgements.Results);
            else
                pending.Loop.Post(() => fetch.Run(acknowledgements.Results));
        });
    }

    private ErrorCode TryOpen(PendingRequest pending, ShareFetchRequest request, out OpenShareSession? open)
    {
        open = null;
        if (request.GroupId is not { } groupId || string.IsNullOrEmpty(request.MemberId) || !IsSound(request))
            return ErrorCode.InvalidRequest;
        var key = new ShareSessionKey(groupId, request.MemberId);
        var added = request.Topics.SelectMany(
            topic => topic.Partitions, (topic, partition) => (topic.TopicId, partition.PartitionIndex));
        if (request.ShareSessionEpoch == ShareSessions.Initial)
            return sessions.TryBegin(key, pending.Connection, added, out open);
        var forgotten = request.ForgottenTopicsData.SelectMany(
            topic => topic.Partitions, (topic, partition) => (topic.TopicId, partition));
        return sessions.TryContinue(key, request.ShareSessionEpoch, added, forgotten, out open);
    }

    /// <summary>Who begins has nothing to acknowledge, who lengthens locks wants no records.</summary>
    private static bool IsSound(ShareFetchRequest request)
    {
        if (request.IsRenewAck)
            return request is { MaxWaitMs: 0, MinBytes: 0, MaxBytes: 0, MaxRecords: 0 };
        return request.ShareSessionEpoch != ShareSessions.Initial || !request.Topics.Exists(topic =>
            topic.Partitions.Exists(partition => partition.AcknowledgementBatches.Count > 0));
    }

    private ShareAcknowledgements Acknowledge(ShareFetchRequest request, OpenShareSession open)
    {
        var acknowledgements = new ShareAcknowledgements(shared, topics, open.GroupId, open.MemberId);
        foreach (var topic in request.Topics)
        {
            foreach (var partition in topic.Partitions)
                acknowledgements.Acknowledge(
                    topic.TopicId,
                    partition.PartitionIndex,
                    [.. partition.AcknowledgementBatches.Select(batch =>
                        new AcknowledgementBatch(batch.FirstOffset, batch.LastOffset, batch.AcknowledgeTypes))],
                    request.IsRenewAck);
        }

        return acknowledgements;
    }
}
