using Millrace.Broker.Cluster;
using Millrace.Core.Controller;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Admin;

/// <summary>
/// DescribeQuorum (key 55), versions 0 to 2. The quorum of the metadata log is this node, which leads it. Its listener
/// is that of the broker: there is no port of the controller's own.
/// </summary>
internal sealed class DescribeQuorumHandler(ControllerShard controller, NodeIdentity node)
    : RequestHandler<DescribeQuorumRequest>
{
    private const string Listener = "CONTROLLER";

    protected override void Handle(PendingRequest pending, DescribeQuorumRequest request) =>
        controller.Run(pending, (_, _) => Describe(pending, request));

    private DescribeQuorumResponse Describe(PendingRequest pending, DescribeQuorumRequest request)
    {
        var response = new DescribeQuorumResponse { ErrorMessage = "" };
        var isTold = false;
        foreach (var topic in request.Topics)
        {
            var answer = new DescribeQuorumResponse.TopicData { TopicName = topic.TopicName };
            response.Topics.Add(answer);
            foreach (var partition in topic.Partitions)
            {
                var isMetadata = topic.TopicName == TopicName.ClusterMetadata && partition.PartitionIndex == 0;
                isTold |= isMetadata;
                answer.Partitions.Add(isMetadata ? Metadata() : Unknown(partition.PartitionIndex));
            }
        }

        if (isTold)
        {
            var (host, port) = node.AddressFor(pending.Connection);
            response.Nodes.Add(new()
            {
                NodeId = node.NodeId,
                Listeners = [new() { Name = Listener, Host = host, Port = (ushort)port }],
            });
        }

        return response;
    }

    private static DescribeQuorumResponse.PartitionData Unknown(int partition) => new()
    {
        PartitionIndex = partition,
        ErrorCode = ErrorCode.UnknownTopicOrPartition,
        ErrorMessage = "That is no log of the quorum.",
    };

    private DescribeQuorumResponse.PartitionData Metadata()
    {
        var (epoch, end, now) = controller.MetadataLogEnd;
        return new()
        {
            ErrorMessage = "",
            LeaderId = node.NodeId,
            LeaderEpoch = epoch.Value,
            HighWatermark = end.Value,
            CurrentVoters =
            [
                new()
                {
                    ReplicaId = node.NodeId,
                    LogEndOffset = end.Value,
                    LastFetchTimestamp = now.Milliseconds,
                    LastCaughtUpTimestamp = now.Milliseconds,
                },
            ],
        };
    }
}
