using Millrace.Broker.Coordinators;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests;

/// <summary>
/// ListGroups (key 16), versions 0 to 5: the groups of every shard, filtered by state (4) and type (5). Those of a
/// shard that is not served are left out, as by Kafka.
/// </summary>
internal sealed class ListGroupsHandler(GroupCoordinators coordinators) : RequestHandler<ListGroupsRequest>
{
    protected override void Handle(PendingRequest pending, ListGroupsRequest request)
    {
        var response = new ListGroupsResponse();
        foreach (var shard in coordinators.Shards)
        {
            var listed = shard.Read(core =>
            {
                var groups = new List<ListGroupsResponse.ListedGroup>();
                core.List(request, groups);
                return groups;
            });
            response.Groups.AddRange(listed ?? []);
        }

        pending.Reply(response);
    }
}
