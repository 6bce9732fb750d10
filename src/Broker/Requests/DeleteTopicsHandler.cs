using Millrace.Broker.Cluster;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests;

/// <summary>DeleteTopics (key 20), versions 1 to 6. Version 6 names topics by name or id.</summary>
internal sealed class DeleteTopicsHandler(ControllerShard controller) : RequestHandler<DeleteTopicsRequest>
{
    protected override void Handle(PendingRequest pending, DeleteTopicsRequest request) =>
        controller.Run(pending, (core, records) => core.DeleteTopics(request, pending.Version, records));
}
