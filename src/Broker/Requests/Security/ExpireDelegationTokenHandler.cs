using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Security;

/// <summary>
/// ExpireDelegationToken (key 40), versions 1 and 2. Nobody is authenticated: DELEGATION_TOKEN_REQUEST_NOT_ALLOWED.
/// </summary>
internal sealed class ExpireDelegationTokenHandler : RequestHandler<ExpireDelegationTokenRequest>
{
    protected override void Handle(PendingRequest pending, ExpireDelegationTokenRequest request) =>
        pending.Reply(new ExpireDelegationTokenResponse
        {
            ErrorCode = ErrorCode.DelegationTokenRequestNotAllowed,
            ExpiryTimestampMs = -1,
        });
}
