using Millrace.Broker.Telemetry;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Telemetry;

/// <summary>
/// PushTelemetry (key 72), version 0 (KIP-714). Takes a client's metrics, of which the latest are kept and shown at the
/// HTTP port (/clients).
/// </summary>
/// <remarks>
/// <para>UNKNOWN_SUBSCRIPTION_ID sends the client back to ask; too early is THROTTLING_QUOTA_EXCEEDED, but for the last
/// push. TELEMETRY_TOO_LARGE by what was sent or by what it decompresses to; what can't be read is
/// INVALID_RECORD.</para>
/// </remarks>
internal sealed class PushTelemetryHandler(ClientTelemetry telemetry) : RequestHandler<PushTelemetryRequest>
{
    protected override void Handle(PendingRequest pending, PushTelemetryRequest request) =>
        pending.Reply(new PushTelemetryResponse { ErrorCode = telemetry.Push(pending, request) });
}
