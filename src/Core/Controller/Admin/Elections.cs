using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Core.Controller.Admin;

/// <summary>
/// What a request to elect leaders (KIP-460) comes to where each partition has one replica, which leads it: no election
/// is ever needed.
/// </summary>
internal static class Elections
{
    private const sbyte Preferred = 0;
    private const sbyte Unclean = 1;

    public static ElectLeadersResponse Elect(ElectLeadersRequest request, ClusterImage image)
    {
        var isKnown = request.ElectionType is Preferred or Unclean;
        var response = new ElectLeadersResponse { ErrorCode = isKnown ? ErrorCode.None : ErrorCode.InvalidRequest };

        // Of all partitions only those are told that had an election.
        if (request.TopicPartitions is not { } asked)
        {
            if (isKnown)
            {
                response.ReplicaElectionResults.AddRange(image.Topics.Names.Order(StringComparer.Ordinal).Select(
                    name => new ElectLeadersResponse.ReplicaElectionResult { Topic = name }));
            }

            return response;
        }

        foreach (var topic in asked)
        {
            var result = new ElectLeadersResponse.ReplicaElectionResult { Topic = topic.Topic };
            response.ReplicaElectionResults.Add(result);
            var present = image.Find(topic.Topic)?.Partitions.Length ?? 0;
            foreach (var partition in topic.Partitions)
            {
                var (error, message) = !isKnown
                    ? new Verdict(ErrorCode.InvalidRequest, $"Election type {request.ElectionType} is unknown.")
                    : partition < 0 || partition >= present
                    ? new Verdict(ErrorCode.UnknownTopicOrPartition, "There is no such partition.")
                    : new Verdict(ErrorCode.ElectionNotNeeded, "The only replica leads the partition.");
                result.PartitionResult.Add(new()
                {
                    PartitionId = partition,
                    ErrorCode = error,
                    ErrorMessage = message,
                });
            }
        }

        return response;
    }
}
