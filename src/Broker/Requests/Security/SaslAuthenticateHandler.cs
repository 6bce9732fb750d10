using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Security;

/// <summary>
/// SaslAuthenticate (key 36), versions 0 to 2. The listener has no SASL: ILLEGAL_SASL_STATE, and the connection goes
/// on.
/// </summary>
internal sealed class SaslAuthenticateHandler : RequestHandler<SaslAuthenticateRequest>
{
    protected override void Handle(PendingRequest pending, SaslAuthenticateRequest request) =>
        pending.Reply(new SaslAuthenticateResponse
        {
            ErrorCode = ErrorCode.IllegalSaslState,
            ErrorMessage = "This listener takes connections without authentication.",
        });
}
