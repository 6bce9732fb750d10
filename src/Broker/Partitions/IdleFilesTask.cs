namespace Millrace.Broker.Partitions;

/// <summary>Closes the files that are not in use, now and then, on the background loop.</summary>
internal sealed class IdleFilesTask(Action closeIdle, ILoop loop)
{
    private const long IntervalMs = 5 * 60_000;

    public void Start() => loop.Schedule(loop.Steady + IntervalMs, Run);

    private void Run()
    {
        closeIdle();
        Start();
    }
}
