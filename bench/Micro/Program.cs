using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace Millrace.Micro;

/// <summary>
/// What the steps of the hot path cost, with what they allocate: <c>./dev micro [--filter '*Crc*']</c>.
/// Benchmarks run in this process, which may see the internals of the broker.
/// </summary>
internal static class Program
{
    public static void Main(string[] arguments)
    {
        var config = ManualConfig.Create(DefaultConfig.Instance)
            .AddDiagnoser(MemoryDiagnoser.Default)
            .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance));
        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly)
            .Run(arguments.Length == 0 ? ["--filter", "*"] : arguments, config);
    }
}
