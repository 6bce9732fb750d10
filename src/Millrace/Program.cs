using System.CommandLine;
using Millrace.Commands;

namespace Millrace;

/// <summary>The program: one command line over everything.</summary>
public static class Program
{
    /// <summary>A stop in order flushes every partition; only after this long is it cut short.</summary>
    private static readonly InvocationConfiguration Invocation = new()
    {
        ProcessTerminationTimeout = TimeSpan.FromMinutes(1),
    };

    public static Task<int> Main(string[] arguments)
    {
        var root = new RootCommand("Millrace: Kafka-compatible event streaming with change data capture built in.")
        {
            ServerCommand.Create(),
            DemoCommand.Create(),
            TopicCommand.Create(),
            ProduceCommand.Create(),
            ConsumeCommand.Create(),
            CdcCommand.Create(),
            VersionCommand.Create(),
        };
        return root.Parse(arguments).InvokeAsync(Invocation);
    }
}
