namespace Millrace.Bench.Load;

/// <summary>One thread of a load.</summary>
internal interface ILoadWorker : IDisposable
{
    LoadCounters Counters { get; }

    /// <summary>Works until the window is over and what was sent is answered.</summary>
    void Run();
}
