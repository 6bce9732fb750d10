using Millrace.Broker.Cluster;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Configs;

/// <summary>
/// IncrementalAlterConfigs (key 44), versions 0 and 1. Sets, deletes, appends to and subtracts from settings of the
/// named topics.
/// </summary>
/// <remarks>
/// <para>Answered once the settings are in the metadata log and in force. Known gap: those of brokers, groups and
/// client metrics can't be changed yet.</para>
/// </remarks>
internal sealed class IncrementalAlterConfigsHandler(ControllerShard controller)
    : RequestHandler<IncrementalAlterConfigsRequest>
{
    protected override void Handle(PendingRequest pending, IncrementalAlterConfigsRequest request) =>
        controller.Run(pending, (core, records) => core.AlterConfigs(request, records));
}
