using Millrace.Connect.Postgres;
using Millrace.Connect.Runtime.Io;

namespace Millrace.Connect.Runtime;

/// <summary>
/// Stores the highest complete position and, only when the log has acknowledged it, confirms it to the server. Owned
/// by one task; runs beside its reading loop.
/// </summary>
internal sealed class OffsetCommitter(
    SourceOffsets offsets, OffsetStore store, ConnectorProgress progress, TimeSpan interval)
{
    private readonly SemaphoreSlim _signal = new(0, 1);
    private long _transactions;
    private volatile bool _writing;

    /// <summary>Source transactions that became complete.</summary>
    public void CountTransaction() => Interlocked.Increment(ref _transactions);

    /// <summary>Runs until cancelled; <paramref name="confirm"/> gets each stored position.</summary>
    public async Task RunAsync(Action<Lsn> confirm, CancellationToken cancellation)
    {
        offsets.Advanced += Signal;
        try
        {
            while (true)
            {
                await _signal.WaitAsync(cancellation);
                _writing = true;
                if (offsets.TakeCompleted() is { } offset)
                    await CommitAsync(offset, confirm, cancellation);
                _writing = false;
                if (interval > TimeSpan.Zero)
                    await Task.Delay(interval, cancellation);
            }
        }
        finally
        {
            offsets.Advanced -= Signal;
        }
    }

    /// <summary>Waits until what was read whole is stored and confirmed, at most for <paramref name="limit"/>.
    /// </summary>
    public async Task DrainAsync(TimeSpan limit)
    {
        var end = Environment.TickCount64 + (long)limit.TotalMilliseconds;
        while ((_writing || !offsets.IsDrained) && Environment.TickCount64 < end)
            await Task.Delay(5);
    }

    public async Task CommitAsync(SourceOffset offset, Action<Lsn> confirm, CancellationToken cancellation)
    {
        await store.WriteAsync(offset, cancellation);
        confirm(offset.End);
        progress.Confirmed(offset, Interlocked.Read(ref _transactions));
    }

    private void Signal()
    {
        try
        {
            _signal.Release();
        }
        catch (SemaphoreFullException)
        {
            // The loop is already called; it takes the newest position.
        }
    }
}
