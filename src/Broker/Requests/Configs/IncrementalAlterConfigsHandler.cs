using Millrace.Broker.Cluster;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Configs;

/// <summary>
/// IncrementalAlterConfigs (key 44), versions 0 and 1. Sets, deletes, appends to and subtracts from settings of topics,
/// brokers, loggers, groups and client metrics.
/// </summary>
/// <remarks>
/// <para>Answered once the settings are in the metadata log and in force. Of the broker's settings those change that
/// give topics their defaults; the others are given at its start.</para>
/// </remarks>
internal sealed class IncrementalAlterConfigsHandler(ControllerShard controller)
    : RequestHandler<IncrementalAlterConfigsRequest>
{
    protected override void Handle(PendingRequest pending, IncrementalAlterConfigsRequest request) =>
        controller.Run(pending, (core, records) => core.AlterConfigs(request, records));
}
