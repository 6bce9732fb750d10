using Millrace.Broker.Cluster;
using Millrace.Broker.Requests;
using Millrace.Core.Model;
using Millrace.Core.Telemetry;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Telemetry;

/// <summary>The metrics that clients push (KIP-714), for whoever asks. From any thread, one at a time.</summary>
internal sealed class ClientTelemetry(ControllerShard controller, IRandomness randomness, int mostBytes)
{
    private readonly Lock _gate = new();
    private readonly ClientInstances _instances = new(randomness, mostBytes);

    public GetTelemetrySubscriptionsResponse Get(PendingRequest pending, GetTelemetrySubscriptionsRequest request)
    {
        lock (_gate)
            return _instances.Get(request, Facts(pending), controller.Image.Configs, pending.Loop.Steady);
    }

    public ErrorCode Push(PendingRequest pending, PushTelemetryRequest request)
    {
        lock (_gate)
            return _instances.Push(request, Facts(pending), controller.Image.Configs, pending.Loop.Steady);
    }

    /// <summary>What is known now, by client instance.</summary>
    public IReadOnlyList<ClientState> States()
    {
        lock (_gate)
            return [.. _instances.All.Select(ClientState.Of)];
    }

    private static ClientFacts Facts(PendingRequest pending)
    {
        var connection = pending.Connection;
        return new ClientFacts(
            pending.Header.ClientId, connection.Software.Name, connection.Software.Version,
            connection.ClientHost.TrimStart('/'), connection.ClientPort);
    }
}
