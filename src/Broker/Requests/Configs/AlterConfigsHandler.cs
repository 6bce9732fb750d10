using Millrace.Broker.Cluster;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Configs;

/// <summary>
/// AlterConfigs (key 33), versions 0 to 2. Replaces all settings of topics, brokers, groups and client
/// metrics.
/// </summary>
/// <remarks>
/// <para>Answered once the settings are in the metadata log and in force. Of the broker's settings those change that
/// give topics their defaults; the others are given at its start.</para>
/// </remarks>
internal sealed class AlterConfigsHandler(ControllerShard controller)
    : RequestHandler<AlterConfigsRequest>
{
    protected override void Handle(PendingRequest pending, AlterConfigsRequest request) =>
        controller.Run(pending, (core, records) => core.AlterConfigs(request, records));
}
