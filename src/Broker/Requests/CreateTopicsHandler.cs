using Millrace.Broker.Cluster;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests;

/// <summary>
/// CreateTopics (key 19), versions 2 to 7. Answered once the topics are in the metadata log and can be used. Version 5
/// tells the settings in force, 7 the ids.
/// </summary>
internal sealed class CreateTopicsHandler(ControllerShard controller) : RequestHandler<CreateTopicsRequest>
{
    protected override void Handle(PendingRequest pending, CreateTopicsRequest request) =>
        controller.Run(pending, (core, records) => core.CreateTopics(request, records));
}
