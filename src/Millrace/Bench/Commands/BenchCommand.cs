using System.CommandLine;
using Millrace.Commands;

namespace Millrace.Bench.Commands;

/// <summary><c>millrace bench</c>: how fast a Kafka cluster is, beside how fast it could be on this machine.</summary>
internal static class BenchCommand
{
    public static Command Create() => new("bench",
        "Measure a Kafka cluster: throughput, latency, CPU and memory, beside the limits of the machine.")
    {
        ProduceBench.Create(),
        FetchBench.Create(),
        EndToEndBench.Create(),
        LimitsBench.Create(),
        ConnectionsBench.Create(),
        PartitionsBench.Create(),
        StartBench.Create(),
        RecoveryBench.Create(),
        CompareBench.Create(),
    };

    /// <summary>Runs a benchmark; what went wrong is one line on stderr and an exit code.</summary>
    public static int Run(Func<int> bench)
    {
        try
        {
            return bench();
        }
        catch (UsageException usage)
        {
            Console.Error.WriteLine(usage.Message);
            return ExitCode.Usage;
        }
        catch (BenchException failure)
        {
            Console.Error.WriteLine(failure.Message);
            return ExitCode.Failure;
        }
    }
}
