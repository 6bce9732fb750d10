using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Security;

/// <summary>
/// CreateDelegationToken (key 38), versions 1 to 3. Nobody is authenticated: DELEGATION_TOKEN_REQUEST_NOT_ALLOWED.
/// </summary>
internal sealed class CreateDelegationTokenHandler : RequestHandler<CreateDelegationTokenRequest>
{
    private const string User = "User";
    private const string Anonymous = "ANONYMOUS";

    protected override void Handle(PendingRequest pending, CreateDelegationTokenRequest request) =>
        pending.Reply(new CreateDelegationTokenResponse
        {
            ErrorCode = ErrorCode.DelegationTokenRequestNotAllowed,
            PrincipalType = User,
            PrincipalName = Anonymous,
            TokenRequesterPrincipalType = User,
            TokenRequesterPrincipalName = Anonymous,
            IssueTimestampMs = -1,
            ExpiryTimestampMs = -1,
            MaxTimestampMs = -1,
        });
}
