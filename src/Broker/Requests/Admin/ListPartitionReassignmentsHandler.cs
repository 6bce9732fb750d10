using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Admin;

/// <summary>ListPartitionReassignments (key 46), version 0. There is one broker: nothing is ever moving.</summary>
internal sealed class ListPartitionReassignmentsHandler : RequestHandler<ListPartitionReassignmentsRequest>
{
    protected override void Handle(PendingRequest pending, ListPartitionReassignmentsRequest request) =>
        pending.Reply(new ListPartitionReassignmentsResponse { ErrorMessage = null });
}
