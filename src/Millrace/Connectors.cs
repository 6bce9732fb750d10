using Millrace.Connect;
using Millrace.Connect.Config;
using Millrace.Connect.Runtime;

namespace Millrace;

/// <summary>
/// The connectors of a server. One that fails says why and stays failed; the broker and the others go on.
/// </summary>
internal sealed class Connectors(IReadOnlyList<ConnectorConfig> configs, string bootstrap) : IAsyncDisposable
{
    private readonly List<(ConnectorConfig Config, PostgresConnector Connector)> _running =
        [.. configs.Select(config => (config, new PostgresConnector(config, bootstrap, Log.Line)))];

    private readonly CancellationTokenSource _stop = new();
    private Task _tasks = Task.CompletedTask;

    public IReadOnlyList<Web.ConnectorState> States => [.. _running.Select(State)];

    public void Start() =>
        _tasks = Task.WhenAll(_running.Select(running => Task.Run(() => running.Connector.RunAsync(_stop.Token))));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();

        // A connector that failed has said so in the log and in its state.
        await _tasks.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var (_, connector) in _running)
            await connector.DisposeAsync();
        _stop.Dispose();
    }

    private static Web.ConnectorState State((ConnectorConfig Config, PostgresConnector Connector) running)
    {
        var status = running.Connector.Status;
        var state = status.State switch
        {
            ConnectorState.Failed => "FAILED",
            ConnectorState.Stopped => "STOPPED",
            ConnectorState.Retrying => "RESTARTING",
            _ => "RUNNING",
        };
        return new Web.ConnectorState(running.Config.Name, state, status.Message.Length == 0 ? null : status.Message);
    }
}
