using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Security;

/// <summary>
/// DeleteAcls (key 31), versions 1 to 3. There is no authorizer: SECURITY_DISABLED for each. A filter of an unknown
/// kind ends the connection.
/// </summary>
internal sealed class DeleteAclsHandler : RequestHandler<DeleteAclsRequest>
{
    protected override void Handle(PendingRequest pending, DeleteAclsRequest request)
    {
        const sbyte Unknown = DescribeAclsHandler.Unknown;
        if (request.Filters.Any(filter => filter.ResourceTypeFilter == Unknown || filter.PatternTypeFilter == Unknown
            || filter.Operation == Unknown || filter.PermissionType == Unknown))
        {
            pending.Refuse("a filter of ACLs has an unknown kind");
            return;
        }

        pending.Reply(new DeleteAclsResponse
        {
            FilterResults = request.Filters.ConvertAll(_ => new DeleteAclsResponse.FilterResult
            {
                ErrorCode = ErrorCode.SecurityDisabled,
                ErrorMessage = DescribeAclsHandler.NoAuthorizer,
            }),
        });
    }
}
