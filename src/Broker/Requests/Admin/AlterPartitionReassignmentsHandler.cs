using Millrace.Broker.Cluster;
using Millrace.Core.Controller.Admin;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Admin;

/// <summary>
/// AlterPartitionReassignments (key 45), versions 0 and 1. There is one broker, to which partitions may be assigned,
/// and no reassignment to stop.
/// </summary>
internal sealed class AlterPartitionReassignmentsHandler(ControllerShard controller, NodeIdentity node)
    : RequestHandler<AlterPartitionReassignmentsRequest>
{
    protected override void Handle(PendingRequest pending, AlterPartitionReassignmentsRequest request) =>
        pending.Reply(Reassignments.Alter(request, controller.Image, node.NodeId));
}
