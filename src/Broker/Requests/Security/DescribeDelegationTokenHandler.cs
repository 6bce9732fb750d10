using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Security;

/// <summary>
/// DescribeDelegationToken (key 41), versions 1 to 3. Nobody is authenticated: DELEGATION_TOKEN_REQUEST_NOT_ALLOWED.
/// </summary>
internal sealed class DescribeDelegationTokenHandler : RequestHandler<DescribeDelegationTokenRequest>
{
    protected override void Handle(PendingRequest pending, DescribeDelegationTokenRequest request) =>
        pending.Reply(new DescribeDelegationTokenResponse { ErrorCode = ErrorCode.DelegationTokenRequestNotAllowed });
}
