using System.Diagnostics;
using Millrace.Bench.Reports;

namespace Millrace.Bench.Load;

/// <summary>Runs the workers of a load, a thread each, and looks at the processes at both ends of the window.</summary>
internal static class LoadRun
{
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(20);

    /// <param name="workers">Connected and ready.</param>
    /// <param name="window">Not begun.</param>
    /// <param name="brokerPid">Null if the broker's process is not known or not of this machine.</param>
    /// <exception cref="BenchException">A worker failed; the first failure.</exception>
    public static LoadResult Run(IReadOnlyList<ILoadWorker> workers, LoadWindow window, int? brokerPid)
    {
        Exception? failure = null;
        using var done = new CountdownEvent(workers.Count);
        var threads = workers.Select((worker, i) => new Thread(() =>
        {
            try
            {
                worker.Run();
            }
            catch (Exception wrong)
            {
                Interlocked.CompareExchange(ref failure, wrong, null);
                window.Abort();
            }
            finally
            {
                done.Signal();
            }
        })
        { IsBackground = true, Name = $"bench-{i}" }).ToList();
        window.Begin();
        threads.ForEach(thread => thread.Start());

        WaitUntil(window.From, done);
        var broker = ProcessUsage.Of(brokerPid);
        var client = ProcessUsage.Of(Environment.ProcessId);
        var allocated = GC.GetTotalAllocatedBytes();
        WaitUntil(window.To, done);
        var brokerAfter = ProcessUsage.Of(brokerPid);
        var clientAfter = ProcessUsage.Of(Environment.ProcessId);
        allocated = GC.GetTotalAllocatedBytes() - allocated;
        threads.ForEach(thread => thread.Join());
        if (failure is not null)
            throw failure as BenchException ?? new BenchException(failure.Message, failure);

        var total = new LoadCounters(window);
        foreach (var worker in workers)
            total.Add(worker.Counters);
        if (total.Requests == 0)
            throw new BenchException("Nothing was answered in the time that was measured; give --seconds more.");
        var end = window.EndsByBytes ? total.LastReply : window.To;
        return new LoadResult(
            Stopwatch.GetElapsedTime(window.From, end).TotalSeconds, total,
            ProcessReport.Between(broker, brokerAfter, total.Bytes),
            ProcessReport.Between(client, clientAfter, total.Bytes))
        {
            ClientAllocatedBytes = allocated,
        };
    }

    private static void WaitUntil(long time, CountdownEvent done)
    {
        while (Stopwatch.GetTimestamp() is var now && now < time)
        {
            var left = time == long.MaxValue ? Glance : Stopwatch.GetElapsedTime(now, time);
            if (done.Wait(left))
                return;
        }
    }
}
