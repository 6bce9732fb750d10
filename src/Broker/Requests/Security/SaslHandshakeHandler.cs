using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Security;

/// <summary>
/// SaslHandshake (key 17), versions 0 and 1. The listener has no SASL: ILLEGAL_SASL_STATE, and the connection goes on.
/// </summary>
internal sealed class SaslHandshakeHandler : RequestHandler<SaslHandshakeRequest>
{
    protected override void Handle(PendingRequest pending, SaslHandshakeRequest request) =>
        pending.Reply(new SaslHandshakeResponse { ErrorCode = ErrorCode.IllegalSaslState });
}
