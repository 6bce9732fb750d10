using Millrace.Broker.Cluster;
using Millrace.Core.Controller.Admin;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Security;

/// <summary>
/// AlterClientQuotas (key 49), versions 0 and 1. Checked, stored in the metadata log and described. Known gap: no
/// client is held to them yet.
/// </summary>
internal sealed class AlterClientQuotasHandler(ControllerShard controller) : RequestHandler<AlterClientQuotasRequest>
{
    protected override void Handle(PendingRequest pending, AlterClientQuotasRequest request) =>
        controller.Run(pending, (core, records) => QuotaChanges.Alter(request, core.Image.ClientQuotas, records));
}
