using Millrace.Broker.Cluster;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests;

/// <summary>CreatePartitions (key 37), versions 0 to 3. The count is a topic's new total.</summary>
internal sealed class CreatePartitionsHandler(ControllerShard controller) : RequestHandler<CreatePartitionsRequest>
{
    protected override void Handle(PendingRequest pending, CreatePartitionsRequest request) =>
        controller.Run(pending, (core, records) => core.CreatePartitions(request, records));
}
