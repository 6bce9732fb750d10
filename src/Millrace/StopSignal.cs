using System.Runtime.InteropServices;

namespace Millrace;

/// <summary>SIGINT and SIGTERM, which ask the process to stop in order.</summary>
internal sealed class StopSignal : IDisposable
{
    private readonly CancellationTokenSource _requested = new();
    private readonly PosixSignalRegistration[] _registrations;

    public StopSignal() =>
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Request),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Request),
        ];

    public CancellationToken Token => _requested.Token;

    /// <summary>Ends when a signal has come.</summary>
    public Task Requested => Task.Delay(Timeout.Infinite, Token)
        .ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
        _requested.Dispose();
    }

    private void Request(PosixSignalContext context)
    {
        context.Cancel = true;
        _requested.Cancel();
    }
}
