using Millrace.Broker.Partitions;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests;

/// <summary>
/// ListOffsets (key 2), versions 1 to 11. Finds the first record at or after a time, or one of the special places.
/// </summary>
/// <remarks>
/// <para>-1 the high watermark, or for read_committed the last stable offset, -2 the log's start, -3 the record with
/// the greatest time (from version 7), -4 the start of what is local (8), -5 and -6 what is in remote storage (9,
/// 11), of which there is none here. A special time that the version does not know is UNSUPPORTED_VERSION; a
/// partition that is asked for twice is INVALID_REQUEST.</para>
/// </remarks>
internal sealed class ListOffsetsHandler(TopicPartitions topics) : RequestHandler<ListOffsetsRequest>
{
    private const sbyte ReadCommitted = 1;
    private const long Latest = -1;
    private const long Earliest = -2;
    private const long MaxTimestamp = -3;
    private const long EarliestLocal = -4;
    private const long LatestTiered = -5;
    private const long EarliestPendingUpload = -6;

    protected override void Handle(PendingRequest pending, ListOffsetsRequest request)
    {
        var response = new ListOffsetsResponse();
        foreach (var topic in request.Topics)
        {
            var answer = new ListOffsetsResponse.ListOffsetsTopicResponse { Name = topic.Name };
            foreach (var asked in topic.Partitions.GroupBy(partition => partition.PartitionIndex))
            {
                var partition = asked.First();
                answer.Partitions.Add(
                    asked.Count() > 1 ? Failed(partition, ErrorCode.InvalidRequest)
                    : request.IsolationLevel is not (0 or 1) ? Failed(partition, ErrorCode.UnknownServerError)
                    : Find(topic.Name, partition, pending.Version, request.IsolationLevel == ReadCommitted));
            }

            if (answer.Partitions.Count > 0)
                response.Topics.Add(answer);
        }

        pending.Reply(response);
    }

    private ListOffsetsResponse.ListOffsetsPartitionResponse Find(
        string topic, ListOffsetsRequest.ListOffsetsPartition wanted, short version, bool readCommitted)
    {
        if (topics.Find(topic, wanted.PartitionIndex) is not { } partition)
            return Failed(wanted, ErrorCode.UnknownTopicOrPartition);
        if (!IsKnown(wanted.Timestamp, version))
            return Failed(wanted, ErrorCode.UnsupportedVersion);
        if (partition.CheckLeaderEpoch(wanted.CurrentLeaderEpoch) is var error and not ErrorCode.None)
            return Failed(wanted, error);

        var log = partition.Log;
        var end = readCommitted ? partition.LastStableOffset : partition.HighWatermark;
        var found = wanted.Timestamp switch
        {
            MaxTimestamp => log.MaxTimestampOffset(),
            >= 0 => log.OffsetForTimestamp(wanted.Timestamp),
            _ => TimestampOffset.None,
        };
        if (found == TimestampOffset.Unreadable)
            return Failed(wanted, ErrorCode.KafkaStorageError);
        var (offset, timestamp) = wanted.Timestamp switch
        {
            Latest => (end, -1L),
            Earliest or EarliestLocal => (log.LogStartOffset, -1L),
            _ => (found.Offset, found.Timestamp),
        };
        if (offset > end || (wanted.Timestamp is not Latest && offset == end
            && wanted.Timestamp is not (Earliest or EarliestLocal)))
            (offset, timestamp) = (Offset.None, -1L);
        return new()
        {
            PartitionIndex = wanted.PartitionIndex,
            Offset = offset.Value,
            Timestamp = timestamp,
            LeaderEpoch = offset == Offset.None ? -1 : partition.LeaderEpoch.Value,
        };
    }

    private static bool IsKnown(long timestamp, short version) => timestamp switch
    {
        >= Earliest => true,
        MaxTimestamp => version >= 7,
        EarliestLocal => version >= 8,
        LatestTiered => version >= 9,
        EarliestPendingUpload => version >= 11,
        _ => false,
    };

    private static ListOffsetsResponse.ListOffsetsPartitionResponse Failed(
        ListOffsetsRequest.ListOffsetsPartition wanted, ErrorCode error) =>
        new() { PartitionIndex = wanted.PartitionIndex, ErrorCode = error };
}
