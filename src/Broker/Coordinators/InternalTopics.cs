using Millrace.Broker.Cluster;
using Millrace.Core.Coordinators;
using Millrace.Core.Groups.Streams;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Coordinators;

/// <summary>
/// Has the controller create the topics that streams applications need for themselves. Those that are there already
/// stay as they are; what can't be created is told to the operator, and asked for again by the next heartbeat.
/// </summary>
internal sealed class InternalTopics(ControllerShard controller, Action<string> log)
{
    private const int TimeoutMs = 30_000;

    public void Create(CoordinatorMessage message)
    {
        if (message is not CreateInternalTopics create)
            return;
        var request = new CreateTopicsRequest { Topics = [.. create.Topics], TimeoutMs = TimeoutMs };
        controller.Run((core, records) => core.CreateTopics(request, records), response => Tell(create, response));
    }

    private void Tell(CreateInternalTopics create, CreateTopicsResponse response)
    {
        foreach (var topic in response.Topics)
            if (topic.ErrorCode is not (ErrorCode.None or ErrorCode.TopicAlreadyExists))
                log($"The topic {topic.Name} of the streams group {create.GroupId} can't be created: "
                    + $"{topic.ErrorCode} {topic.ErrorMessage}");
    }
}
