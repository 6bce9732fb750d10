using Millrace.Broker.Cluster;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Configs;

/// <summary>
/// AlterConfigs (key 33), versions 0 to 2. Replaces all settings of the named topics.
/// </summary>
/// <remarks>
/// <para>Answered once the settings are in the metadata log and in force. Known gap: those of brokers, groups and
/// client metrics can't be changed yet.</para>
/// </remarks>
internal sealed class AlterConfigsHandler(ControllerShard controller)
    : RequestHandler<AlterConfigsRequest>
{
    protected override void Handle(PendingRequest pending, AlterConfigsRequest request) =>
        controller.Run(pending, (core, records) => core.AlterConfigs(request, records));
}
