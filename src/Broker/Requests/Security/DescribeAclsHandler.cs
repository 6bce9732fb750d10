using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Security;

/// <summary>
/// DescribeAcls (key 29), versions 1 to 3. There is no authorizer: SECURITY_DISABLED. A filter of an unknown kind ends
/// the connection.
/// </summary>
internal sealed class DescribeAclsHandler : RequestHandler<DescribeAclsRequest>
{
    /// <summary>Kafka's code for a kind that nobody knows, in each of the four enumerations of an ACL.</summary>
    internal const sbyte Unknown = 0;

    internal const string NoAuthorizer = "There is no authorizer: the broker serves everybody.";

    protected override void Handle(PendingRequest pending, DescribeAclsRequest request)
    {
        if (request.ResourceTypeFilter == Unknown || request.PatternTypeFilter == Unknown
            || request.Operation == Unknown || request.PermissionType == Unknown)
            pending.Refuse("a filter of ACLs has an unknown kind");
        else
            pending.Reply(new DescribeAclsResponse
            {
                ErrorCode = ErrorCode.SecurityDisabled,
                ErrorMessage = NoAuthorizer,
            });
    }
}
