using Millrace.Simulation.Machine;

namespace Millrace.Simulation;

/// <summary>What many seeds have shown.</summary>
internal sealed record SeedsResult(List<string> Failures, Sometimes Sometimes, long VirtualSeconds, long Steps);

/// <summary>Runs seeds, each alone on a thread of its own.</summary>
internal static class Seeds
{
    private const int StackBytes = 16 * 1024 * 1024;
    private const int TwiceEvery = 50;

    /// <summary>Runs one seed and prints all that happens; whether all was well.</summary>
    public static bool Replay(int seed, Action<string> print)
    {
        World? world = null;
        OnThreads(1, () => world = One(seed, PlantedBug.None, print));
        print($"trace {world!.Trace.Hash:x16}, {world.Time.Steps} steps");
        if (world.Failure is not null)
            print(Explain(world));
        return world.Failure is null;
    }

    /// <summary>Runs seeds one after the other on as many threads as there are cores.</summary>
    public static SeedsResult Run(int from, int count)
    {
        var result = new SeedsResult([], new Sometimes(), 0, 0);
        var gate = new Lock();
        var next = from - 1;
        OnThreads(Environment.ProcessorCount, () =>
        {
            for (var seed = Interlocked.Increment(ref next);
                seed < from + count;
                seed = Interlocked.Increment(ref next))
            {
                var world = One(seed, PlantedBug.None, null);
                var isSame = seed % TwiceEvery != 0 || One(seed, PlantedBug.None, null).Trace.Hash == world.Trace.Hash;
                lock (gate)
                {
                    result = Add(result, world, isSame);
                }
            }
        });
        return result;
    }

    /// <summary>The first seed from 1 on that fails by the bug alone, with what it found; null if none does.</summary>
    public static (int Seed, string Failure)? FirstToFind(PlantedBug bug, int most)
    {
        (int, string)? found = null;
        OnThreads(1, () =>
        {
            for (var seed = 1; seed <= most && found is null; seed++)
            {
                if (One(seed, bug, null).Failure is { } failure && One(seed, PlantedBug.None, null).Failure is null)
                    found = (seed, failure);
            }
        });
        return found;
    }

    public static World One(int seed, PlantedBug bug, Action<string>? print)
    {
        var world = new World(seed, bug, print);
        world.Run();
        return world;
    }

    public static string Explain(World world) =>
        $"seed {world.Seed} failed at step {world.Time.Steps}: {world.Failure}\n  replay: ./dev sim {world.Seed}\n"
        + string.Join('\n', world.Trace.Last.Select(line => "    " + line));

    private static SeedsResult Add(SeedsResult result, World world, bool isSame)
    {
        result.Sometimes.Add(world.Sometimes);
        if (world.Failure is not null)
            result.Failures.Add(Explain(world));
        if (!isSame)
            result.Failures.Add($"seed {world.Seed} has another trace when it runs again: ./dev sim {world.Seed}");
        return result with
        {
            VirtualSeconds = result.VirtualSeconds + world.Time.Microseconds / 1_000_000,
            Steps = result.Steps + world.Time.Steps,
        };
    }

    /// <summary>Threads of our own: no context of a test runner may take a continuation elsewhere.</summary>
    private static void OnThreads(int count, Action work)
    {
        Exception? failure = null;
        var threads = Enumerable.Range(0, count).Select(_ => new Thread(Run, StackBytes)).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        if (failure is not null)
            throw new InvalidOperationException("A seed could not be run.", failure);

        void Run()
        {
            try
            {
                work();
            }
            catch (Exception e)
            {
                failure = e;
            }
        }
    }
}
