using Millrace.Broker.Partitions;
using Millrace.Broker.Share;
using Millrace.Core.Share;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Share;

/// <summary>
/// ShareAcknowledge (key 79), versions 1 and 2. A member of a share group says what of records that it has acquired;
/// with the epoch -1 it also gives back the rest and ends its session.
/// </summary>
/// <remarks>
/// <para>Answered when all of it is on stable storage. What a partition refuses has its error there; partitions without
/// acknowledgements are not named. Version 2 may lengthen locks, if the request says so (KIP-1222).</para>
/// </remarks>
internal sealed class ShareAcknowledgeHandler(
    TopicPartitions topics, SharedPartitions shared, ShareSessionCache sessions)
    : RequestHandler<ShareAcknowledgeRequest>
{
    private const short FirstVersionWithRenewal = 2;

    protected override void Handle(PendingRequest pending, ShareAcknowledgeRequest request)
    {
        var error = ErrorCode.None;
        OpenShareSession? open = null;
        if (request.GroupId is not { } groupId || string.IsNullOrEmpty(request.MemberId))
            error = ErrorCode.InvalidRequest;
        else if (request.ShareSessionEpoch == ShareSessions.Initial)
            error = ErrorCode.InvalidShareSessionEpoch;
        else
            error = sessions.TryContinue(
                new ShareSessionKey(groupId, request.MemberId), request.ShareSessionEpoch, [], [], out open);
        if (open is null)
        {
            pending.Reply(new ShareAcknowledgeResponse { ErrorCode = error });
            return;
        }

        var acknowledgements = new ShareAcknowledgements(shared, topics, open.GroupId, open.MemberId);
        var mayRenew = pending.Version >= FirstVersionWithRenewal && request.IsRenewAck;
        foreach (var topic in request.Topics)
        {
            foreach (var partition in topic.Partitions)
                acknowledgements.Acknowledge(
                    topic.TopicId,
                    partition.PartitionIndex,
                    [.. partition.AcknowledgementBatches.Select(batch =>
                        new AcknowledgementBatch(batch.FirstOffset, batch.LastOffset, batch.AcknowledgeTypes))],
                    mayRenew);
        }

        if (request.ShareSessionEpoch == ShareSessions.Final)
        {
            foreach (var partition in open.Partitions)
                acknowledgements.Release(partition);
        }

        var lockDuration = shared.SettingsOf(open.GroupId).LockDurationMs;
        acknowledgements.WhenStored(() => pending.Reply(Answer(acknowledgements, lockDuration)));
    }

    private static ShareAcknowledgeResponse Answer(ShareAcknowledgements acknowledgements, int lockDurationMs)
    {
        var response = new ShareAcknowledgeResponse { AcquisitionLockTimeoutMs = lockDurationMs };
        foreach (var topic in acknowledgements.Results.GroupBy(result => result.TopicId))
        {
            response.Responses.Add(new()
            {
                TopicId = topic.Key,
                Partitions = [.. topic.Select(result => new ShareAcknowledgeResponse.PartitionData
                {
                    PartitionIndex = result.Partition,
                    ErrorCode = result.Error,
                    ErrorMessage = result.Message,
                })],
            });
        }

        return response;
    }
}
