using System.Diagnostics;
using Millrace.Bench.Wire;
using Millrace.Demo;

namespace Millrace.Bench.Brokers;

/// <summary>A broker that was started for a benchmark; it does not outlive its disposal.</summary>
internal sealed class BrokerProcess(Process process, BrokerAddress address, string output, long began) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1);

    public BrokerAddress Address => address;

    public int Id => process.Id;

    /// <summary>Waits until it answers a request; the time since it was started.</summary>
    /// <exception cref="BenchException">It ended, or does not answer.</exception>
    public TimeSpan WaitUntilServing()
    {
        while (Stopwatch.GetElapsedTime(began) < Patience)
        {
            if (process.HasExited)
            {
                var last = File.Exists(output) ? File.ReadLines(output).LastOrDefault() : null;
                throw new BenchException($"The broker ended with exit code {process.ExitCode}: {last}");
            }

            try
            {
                using var connection = WireConnection.Open(address);
                return Stopwatch.GetElapsedTime(began);
            }
            catch (BenchException)
            {
                Thread.Sleep(Pause);
            }
        }

        throw new BenchException(
            $"The broker does not answer at {address} after {Patience.TotalSeconds:0} s; see {output}.");
    }

    /// <summary>SIGKILL.</summary>
    public void Kill()
    {
        process.Kill();
        process.WaitForExit();
    }

    /// <summary>SIGTERM, as an operator ends it; SIGKILL if it does not end.</summary>
    public void Stop()
    {
        if (process.HasExited)
            return;
        using var kill = Process.Start("kill", [$"{process.Id}"]);
        kill.WaitForExit();
        if (!process.WaitForExit(EndPatience))
            Kill();
    }

    public void Dispose()
    {
        if (!process.HasExited)
        {
            ProcessTree.Kill(ProcessTree.ChildrenOf(process.Id));
            Kill();
        }

        process.Dispose();
    }
}
