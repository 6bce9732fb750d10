using Millrace.Broker.Cluster;
using Millrace.Core.Controller.Admin;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Admin;

/// <summary>UnregisterBroker (key 64), version 0. Forgets a broker of a former cluster; this node stays.</summary>
internal sealed class UnregisterBrokerHandler(ControllerShard controller, NodeIdentity node)
    : RequestHandler<UnregisterBrokerRequest>
{
    protected override void Handle(PendingRequest pending, UnregisterBrokerRequest request) =>
        controller.Run(pending, (core, records) =>
            Registrations.Unregister(request, core.Image.Brokers, node.NodeId, records));
}
