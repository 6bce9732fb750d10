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
        var threads = Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Thread(Work, StackBytes)).ToList();
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

    /// <summary>Runs one seed and tells which API took how much memory a request at most.</summary>
    public static bool Replay(int seed, Action<string> print)
    {
        var most = new SortedDictionary<ApiKey, (long Allocated, int Length)>();
        var watch = Stopwatch.StartNew();
        var failure = new Round(seed, (key, allocated, length) =>
        {
            if (most.GetValueOrDefault(key).Allocated < allocated)
                most[key] = (allocated, length);
        }).Run();
        foreach (var (key, (allocated, length)) in most)
            print($"{key}: at most {allocated} bytes allocated, for a frame of {length}");
        print(failure ?? $"seed {seed}: {Round.Frames} frames in {watch.Elapsed.TotalSeconds:F1} s");
        return failure is null;
    }
}
