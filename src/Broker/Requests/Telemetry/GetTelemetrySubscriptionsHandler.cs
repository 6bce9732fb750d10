using Millrace.Broker.Telemetry;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Telemetry;

/// <summary>
/// GetTelemetrySubscriptions (key 71), version 0 (KIP-714). Which metrics the client shall push and how often, by the
/// client-metrics resources that it matches; an id for a client that has none. Before the interval has passed:
/// THROTTLING_QUOTA_EXCEEDED.
/// </summary>
internal sealed class GetTelemetrySubscriptionsHandler(ClientTelemetry telemetry)
    : RequestHandler<GetTelemetrySubscriptionsRequest>
{
    protected override void Handle(PendingRequest pending, GetTelemetrySubscriptionsRequest request) =>
        pending.Reply(telemetry.Get(pending, request));
}
