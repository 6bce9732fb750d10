using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Core.Controller.Admin;

/// <summary>
/// What a request to move partitions (KIP-455) comes to where there is one broker: they may be assigned to where they
/// are, and nothing is ever moving.
/// </summary>
internal static class Reassignments
{
    public static AlterPartitionReassignmentsResponse Alter(
        AlterPartitionReassignmentsRequest request, ClusterImage image, int nodeId)
    {
        var response = new AlterPartitionReassignmentsResponse
        {
            AllowReplicationFactorChange = request.AllowReplicationFactorChange,
            ErrorMessage = request.Topics.Count == 0 ? "" : null,
        };
        foreach (var topic in request.Topics)
        {
            var answer = new AlterPartitionReassignmentsResponse.ReassignableTopicResponse { Name = topic.Name };
            response.Responses.Add(answer);
            var present = image.Find(topic.Name)?.Partitions.Length ?? 0;
            foreach (var partition in topic.Partitions)
            {
                var (error, message) = partition.PartitionIndex < 0 || partition.PartitionIndex >= present
                    ? new Verdict(ErrorCode.UnknownTopicOrPartition, "There is no such partition.")
                    : Judge(partition.Replicas, nodeId);
                answer.Partitions.Add(new()
                {
                    PartitionIndex = partition.PartitionIndex,
                    ErrorCode = error,
                    ErrorMessage = message,
                });
            }
        }

        return response;
    }

    private static Verdict Judge(List<int>? replicas, int nodeId) => replicas switch
    {
        null => new Verdict(ErrorCode.NoReassignmentInProgress, null),
        [var only] when only == nodeId => Verdict.Good,
        _ => new Verdict(ErrorCode.InvalidReplicaAssignment, $"The only broker is {nodeId}."),
    };
}
