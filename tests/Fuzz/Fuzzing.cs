using System.Diagnostics;
using Millrace.Protocol.Messages;

namespace Millrace.Fuzz;

/// <summary>Runs seeds, each on one thread, on as many threads as there are cores.</summary>
internal static class Fuzzing
{
    private const int StackBytes = 16 * 1024 * 1024;

    /// <summary>Runs seeds until <paramref name="isOver"/> says so of the count of those begun.</summary>
    /// <returns>The count of rounds run, and what failed.</returns>
    public static (int Rounds, List<string> Failures) Run(int from, Func<int, bool> isOver)
    {
        var gate = new Lock();
        var failures = new List<string>();
        var begun = 0;
        var threads = Enumerable.Range(0, Environment.ProcessorCount)
            .Select(_ => new Thread(Work, StackBytes)).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        return (begun, failures);

        void Work()
        {
            while (true)
            {
                int seed;
                lock (gate)
                {
                    if (isOver(begun))
                        return;
                    seed = from + begun++;
                }

                if (new Round(seed).Run() is { } failure)
                {
                    lock (gate)
                        failures.Add(failure);
                }
            }
        }
    }

    /// <summary>Runs one seed and tells what became of the requests of each API.</summary>
    public static bool Replay(int seed, Action<string> print)
    {
        var tallies = new SortedDictionary<ApiKey, Tally>();
        var watch = Stopwatch.StartNew();
        var failure = new Round(seed, (exchange, allocated) =>
        {
            var key = (ApiKey)exchange.Header.ApiKey;
            if (!tallies.TryGetValue(key, out var tally))
                tallies[key] = tally = new Tally();
            tally.Add(exchange, allocated);
        }).Run();
        foreach (var (key, tally) in tallies.Where(entry => Enum.IsDefined(entry.Key)))
            print($"{key}: {tally}");
        print(failure ?? $"seed {seed}: {Round.Frames} frames in {watch.Elapsed.TotalSeconds:F1} s");
        return failure is null;
    }

    /// <summary>What became of the requests of one API.</summary>
    private sealed class Tally
    {
        private int _count;
        private int _closed;
        private int _answered;
        private int _granted;
        private long _mostAllocated;

        public void Add(Exchange exchange, long allocated)
        {
            _count++;
            _closed += exchange.ClosedBecause is null ? 0 : 1;
            _answered += exchange.Response is null ? 0 : 1;
            _granted += exchange.Response is { } response && Shape.Errors(response).Count == 0 ? 1 : 0;
            _mostAllocated = Math.Max(_mostAllocated, allocated);
        }

        public override string ToString() =>
            $"{_count} requests, {_closed} refused, {_answered} answered at once, {_granted} of them without an error, "
            + $"at most {_mostAllocated} bytes allocated";
    }
}
