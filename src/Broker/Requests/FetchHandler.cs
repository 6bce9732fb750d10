using Millrace.Broker.Partitions;
using Millrace.Core.Configs;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Requests;

/// <summary>
/// Fetch (key 1), versions 4 to 18. Reads whole batches from the one that holds the fetch offset on, and waits up to
/// the wanted time for the wanted bytes.
/// </summary>
/// <remarks>
/// <para>The first partition with data gives at least one batch whatever the limits (KIP-74); partitions are served in
/// the order of the request. An error, or as many bytes as were wanted, ends the wait.</para>
/// <para>Versions before 10 still get zstd; 12 checks the last fetched epoch; 13 names topics by id. Sessions (KIP-227)
/// are declined with id 0, which is legal and makes every fetch a full one. Known gap: no replica fetches.</para>
/// <para>read_committed ends at the last stable offset and names the aborted transactions. A damaged offset is
/// CORRUPT_MESSAGE; one behind the damage can be fetched.</para>
/// </remarks>
internal sealed class FetchHandler(TopicPartitions topics, BrokerSettings settings) : RequestHandler<FetchRequest>
{
    private const sbyte ReadCommitted = 1;

    private readonly int _mostBytes = settings.Int("fetch.max.bytes");

    protected override void Handle(PendingRequest pending, FetchRequest request)
    {
        if (request.SessionEpoch > 0)
        {
            pending.Reply(new FetchResponse { ErrorCode = ErrorCode.FetchSessionIdNotFound });
            return;
        }

        var wait = TryReply(pending, request, request.MaxWaitMs <= 0);
        if (wait)
            return;
        var partitions = request.Topics
            .SelectMany(topic => topic.Partitions, (topic, partition) => Find(pending, topic, partition))
            .OfType<Partition>()
            .Distinct()
            .ToList();
        var deadline = pending.Loop.Steady + request.MaxWaitMs;
        DelayedFetch.Wait(pending, partitions, deadline, isLast => TryReply(pending, request, isLast));
    }

    /// <summary>Reads, and replies if there is enough or nothing more is to be waited for; whether it did.</summary>
    private bool TryReply(PendingRequest pending, FetchRequest request, bool isLast)
    {
        var response = new FetchResponse
        {
            ErrorCode = request.IsolationLevel is 0 or ReadCommitted ? ErrorCode.None : ErrorCode.UnknownServerError,
        };
        var read = 0L;
        var failed = false;
        foreach (var topic in request.Topics)
        {
            var answer = new FetchResponse.FetchableTopicResponse { Topic = topic.Topic, TopicId = topic.TopicId };
            response.Responses.Add(answer);
            foreach (var wanted in topic.Partitions)
            {
                var data = Read(pending, request, topic, wanted, read);
                failed |= data.ErrorCode != ErrorCode.None || data.DivergingEpoch.EndOffset >= 0;
                read += data.Records.Length;
                answer.Partitions.Add(data);
            }
        }

        if (!isLast && !failed && read < request.MinBytes && request.Topics.Count > 0)
            return false;
        pending.Reply(response);
        return true;
    }

    private FetchResponse.PartitionData Read(
        PendingRequest pending, FetchRequest request, FetchRequest.FetchTopic topic, FetchRequest.FetchPartition wanted,
        long read)
    {
        var answer = new FetchResponse.PartitionData
        {
            PartitionIndex = wanted.Partition,
            HighWatermark = -1,
            AbortedTransactions = null,
            Records = RecordData.Empty,
        };
        if (request.IsolationLevel is not (0 or ReadCommitted))
        {
            (answer.ErrorCode, answer.AbortedTransactions) = (ErrorCode.UnknownServerError, []);
            return answer;
        }

        if (Find(pending, topic, wanted) is not { } partition)
        {
            answer.ErrorCode = pending.Version >= 13 && topics.Find(topic.TopicId) is null
                ? ErrorCode.UnknownTopicId
                : ErrorCode.UnknownTopicOrPartition;
            answer.AbortedTransactions = [];
            return answer;
        }

        if (wanted.PartitionMaxBytes < 0 || request.MaxBytes < 0)
            answer.ErrorCode = ErrorCode.UnknownServerError;
        else if (wanted.CurrentLeaderEpoch >= 0)
            answer.ErrorCode = partition.CheckLeaderEpoch(wanted.CurrentLeaderEpoch);
        if (answer.ErrorCode != ErrorCode.None || HasDiverged(partition, wanted, answer))
            return answer;

        var from = new Offset(wanted.FetchOffset);
        if (from < partition.Log.LogStartOffset || from > partition.Log.LogEndOffset)
        {
            answer.ErrorCode = ErrorCode.OffsetOutOfRange;
            return answer;
        }

        var left = Math.Max(Math.Min(request.MaxBytes, _mostBytes) - read, 0);
        var highWatermark = partition.HighWatermark;
        var stable = partition.Log.LastStableOffset(highWatermark);
        var visible = request.IsolationLevel == ReadCommitted ? stable : highWatermark;
        var slice = partition.Log.Read(from, (int)Math.Min(wanted.PartitionMaxBytes, left), visible, read == 0);
        answer.ErrorCode = slice.Error;
        if (slice.Error == ErrorCode.None && request.IsolationLevel == ReadCommitted)
            AddAborted(partition, from, slice, answer);
        if (answer.ErrorCode != ErrorCode.None)
            return answer;

        if (slice.Source is not null)
            answer.Records = new RecordData(slice.Source, slice.Position, slice.Length);
        answer.HighWatermark = highWatermark.Value;
        answer.LastStableOffset = stable.Value;
        answer.LogStartOffset = partition.Log.LogStartOffset.Value;
        return answer;
    }

    /// <summary>Which transactions in the slice were aborted: the client drops their records.</summary>
    private static void AddAborted(
        Partition partition, Offset from, LogSlice slice, FetchResponse.PartitionData answer)
    {
        answer.AbortedTransactions = [];
        if (slice.Length == 0)
            return;
        try
        {
            foreach (var aborted in partition.Log.AbortedTransactions(from, slice.EndOffset))
                answer.AbortedTransactions.Add(
                    new() { ProducerId = aborted.ProducerId, FirstOffset = aborted.FirstOffset });
        }
        catch (IOException)
        {
            answer.ErrorCode = ErrorCode.KafkaStorageError;
        }
    }

    /// <summary>Whether the client's log has left ours (KIP-595): then it is told where, and gets no records.</summary>
    private static bool HasDiverged(
        Partition partition, FetchRequest.FetchPartition wanted, FetchResponse.PartitionData answer)
    {
        if (wanted.LastFetchedEpoch < 0)
            return false;
        var (epoch, end) = partition.Log.EndOffsetForEpoch(new LeaderEpoch(wanted.LastFetchedEpoch));
        if (epoch == LeaderEpoch.None)
        {
            answer.ErrorCode = ErrorCode.OffsetOutOfRange;
            return true;
        }

        if (epoch.Value >= wanted.LastFetchedEpoch && end.Value >= wanted.FetchOffset)
            return false;
        answer.DivergingEpoch = new() { Epoch = epoch.Value, EndOffset = end.Value };
        answer.HighWatermark = partition.HighWatermark.Value;
        answer.LastStableOffset = partition.LastStableOffset.Value;
        answer.LogStartOffset = partition.Log.LogStartOffset.Value;
        return true;
    }

    private Partition? Find(
        PendingRequest pending, FetchRequest.FetchTopic topic, FetchRequest.FetchPartition wanted) =>
        TopicPartitions.Find(
            pending.Version >= 13 ? topics.Find(topic.TopicId) : topics.Find(topic.Topic), wanted.Partition);
}
