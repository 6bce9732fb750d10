using Millrace.Broker.Cluster;
using Millrace.Core.Controller.Admin;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Security;

/// <summary>DescribeClientQuotas (key 48), versions 0 and 1. The quotas that are stored for whom the filter names.
/// </summary>
internal sealed class DescribeClientQuotasHandler(ControllerShard controller)
    : RequestHandler<DescribeClientQuotasRequest>
{
    protected override void Handle(PendingRequest pending, DescribeClientQuotasRequest request) =>
        pending.Reply(QuotaFilter.Describe(request, controller.Image.ClientQuotas));
}
