using Millrace.Broker.Cluster;
using Millrace.Core.Controller.Admin;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Admin;

/// <summary>UnregisterController (key 94), version 0. Forgets a controller of a former cluster; this node stays.
/// </summary>
internal sealed class UnregisterControllerHandler(ControllerShard controller, NodeIdentity node)
    : RequestHandler<UnregisterControllerRequest>
{
    protected override void Handle(PendingRequest pending, UnregisterControllerRequest request) =>
        controller.Run(pending, (core, records) =>
            Registrations.Unregister(request, core.Image.Brokers, node.NodeId, records));
}
