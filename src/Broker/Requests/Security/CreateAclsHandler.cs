using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Security;

/// <summary>
/// CreateAcls (key 30), versions 1 to 3. There is no authorizer: SECURITY_DISABLED for each. An entry of an unknown
/// kind ends the connection.
/// </summary>
internal sealed class CreateAclsHandler : RequestHandler<CreateAclsRequest>
{
    protected override void Handle(PendingRequest pending, CreateAclsRequest request)
    {
        const sbyte Unknown = DescribeAclsHandler.Unknown;
        if (request.Creations.Any(entry => entry.ResourceType == Unknown || entry.ResourcePatternType == Unknown
            || entry.Operation == Unknown || entry.PermissionType == Unknown))
        {
            pending.Refuse("an ACL has an unknown kind");
            return;
        }

        pending.Reply(new CreateAclsResponse
        {
            Results = request.Creations.ConvertAll(_ => new CreateAclsResponse.AclCreationResult
            {
                ErrorCode = ErrorCode.SecurityDisabled,
                ErrorMessage = DescribeAclsHandler.NoAuthorizer,
            }),
        });
    }
}
