using System.CommandLine;
using System.CommandLine.Invocation;
using Millrace.Bench.Commands;
using Millrace.Commands;

namespace Millrace;

/// <summary>The program: one command line over everything.</summary>
public static class Program
{
    public static async Task<int> Main(string[] arguments)
    {
        var root = new RootCommand("Millrace: Kafka-compatible event streaming with change data capture built in.")
        {
            ServerCommand.Create(),
            DemoCommand.Create(),
            TopicCommand.Create(),
            ProduceCommand.Create(),
            ConsumeCommand.Create(),
            CdcCommand.Create(),
            LogCommand.Create(Console.OpenStandardOutput),
            BenchCommand.Create(),
            VersionCommand.Create(),
        };
        var parsed = root.Parse(arguments);
        if (parsed.Action is ParseErrorAction wrong && parsed.CommandResult.Command.Subcommands.Count == 0)
            wrong.ShowHelp = false;

        // Commands that have something to finish watch for SIGINT and SIGTERM themselves; the others just end.
        var invoked = await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
        return parsed.Errors.Count > 0 ? ExitCode.Usage : invoked;
    }
}
