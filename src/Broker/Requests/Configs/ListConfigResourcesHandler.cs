using System.Globalization;
using Millrace.Broker.Cluster;
using Millrace.Core.Controller;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Configs;

/// <summary>
/// ListConfigResources (key 74), versions 0 and 1. What can have settings: topics, brokers and their loggers, and those
/// groups and client metrics that have some. Version 0 asks for client metrics alone; no types mean all.
/// </summary>
internal sealed class ListConfigResourcesHandler(ControllerShard controller, NodeIdentity node)
    : RequestHandler<ListConfigResourcesRequest>
{
    protected override void Handle(PendingRequest pending, ListConfigResourcesRequest request)
    {
        var response = new ListConfigResourcesResponse();
        var types = pending.Version == 0 ? [ConfigResource.ClientMetrics]
            : request.ResourceTypes.Count == 0 ? Enum.GetValues<ConfigResource>()
            : [.. request.ResourceTypes.Select(type => (ConfigResource)type).Distinct()];
        if (!types.All(Enum.IsDefined))
        {
            pending.Reply(new ListConfigResourcesResponse { ErrorCode = ErrorCode.UnsupportedVersion });
            return;
        }

        foreach (var type in types)
        {
            response.ConfigResources.AddRange(Names(type).Select(name => new ListConfigResourcesResponse.ConfigResource
            {
                ResourceName = name,
                ResourceType = (sbyte)type,
            }));
        }

        pending.Reply(response);
    }

    private IEnumerable<string> Names(ConfigResource type) => type switch
    {
        ConfigResource.Topic => controller.Image.Topics.Names.Order(StringComparer.Ordinal),
        ConfigResource.Broker or ConfigResource.BrokerLogger =>
            [node.NodeId.ToString(CultureInfo.InvariantCulture)],
        _ => controller.Image.Configs.Resources.Keys.Where(resource => resource.Type == type)
            .Select(resource => resource.Name).Order(StringComparer.Ordinal),
    };
}
