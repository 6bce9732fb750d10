using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Security;

/// <summary>
/// RenewDelegationToken (key 39), versions 1 and 2. Nobody is authenticated: DELEGATION_TOKEN_REQUEST_NOT_ALLOWED.
/// </summary>
internal sealed class RenewDelegationTokenHandler : RequestHandler<RenewDelegationTokenRequest>
{
    protected override void Handle(PendingRequest pending, RenewDelegationTokenRequest request) =>
        pending.Reply(new RenewDelegationTokenResponse
        {
            ErrorCode = ErrorCode.DelegationTokenRequestNotAllowed,
            ExpiryTimestampMs = -1,
        });
}
