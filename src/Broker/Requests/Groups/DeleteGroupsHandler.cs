using Millrace.Broker.Coordinators;
using Millrace.Broker.Share;
using Millrace.Core.Coordinators;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Groups;

/// <summary>
/// DeleteGroups (key 42), versions 0 to 3. Deletes groups of all kinds that nobody is in, with their offsets; answered
/// when that is on stable storage.
/// </summary>
internal sealed class DeleteGroupsHandler(GroupCoordinators coordinators, ShareGroupStates shares)
    : RequestHandler<DeleteGroupsRequest>
{
    protected override void Handle(PendingRequest pending, DeleteGroupsRequest request)
    {
        var response = new DeleteGroupsResponse();
        var delayed = new Partitions.DelayedReply(pending, response);
        foreach (var groupId in request.GroupsNames.Distinct())
        {
            var result = new DeleteGroupsResponse.DeletableGroupResult { GroupId = groupId };
            response.Results.Add(result);
            var shard = coordinators.Find(groupId);
            if (groupId.Length > 0 && shard?.Read(core => core.IsShareGroup(groupId) ? groupId : "") == groupId)
            {
                var wait = delayed.Await(_ => { });
                shares.Delete(groupId, null, error =>
                {
                    result.ErrorCode = error;
                    wait.OnFlushed(ErrorCode.None);
                });
                continue;
            }

            if (shard?.Run((core, _, effects) => result.ErrorCode = core.Delete(groupId, effects)) != true)
                result.ErrorCode = ErrorCode.NotCoordinator;
            else if (result.ErrorCode == ErrorCode.None)
                shard.AwaitFlush(delayed.Await(error => result.ErrorCode = CoordinatorErrors.For(error)));
        }

        delayed.Seal();
    }
}
