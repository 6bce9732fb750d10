namespace Millrace.Broker.Share;

/// <summary>
/// Something that is done once all that it was told to wait for has come, from any thread, and
/// <see cref="Start"/> was called.
/// </summary>
internal sealed class Countdown
{
    private Action? _done;
    private int _open = 1;

    public void Await() => Interlocked.Increment(ref _open);

    public void Signal()
    {
        if (Interlocked.Decrement(ref _open) == 0)
            _done!();
    }

    /// <summary>All that is to be waited for is known.</summary>
    public void Start(Action done)
    {
        _done = done;
        Signal();
    }
}
