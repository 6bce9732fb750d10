using System.CommandLine;
using Millrace.Commands;

namespace Millrace;

/// <summary>The program: one command line over everything.</summary>
public static class Program
{
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
        var patience = new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) };
        return root.Parse(arguments).InvokeAsync(patience);
    }
}
