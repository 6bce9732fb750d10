using Millrace.Broker.Cluster;
using Millrace.Core.Controller.Admin;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Admin;

/// <summary>
/// ElectLeaders (key 43), versions 0 to 2. The only replica of a partition leads it: ELECTION_NOT_NEEDED for each that
/// is named; where all are meant, those that need none are left out.
/// </summary>
internal sealed class ElectLeadersHandler(ControllerShard controller) : RequestHandler<ElectLeadersRequest>
{
    protected override void Handle(PendingRequest pending, ElectLeadersRequest request) =>
        pending.Reply(Elections.Elect(request, controller.Image));
}
