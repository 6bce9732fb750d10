using System.CommandLine;

namespace Millrace.Bench.Commands;

/// <summary>How a benchmark is told which broker to start.</summary>
internal static class BrokerOptions
{
    public static Argument<string> Command(string name) => new(name)
    {
        Description = "A shell command that runs a broker in the foreground, with {data}, {port} and {port+1} in it.",
    };

    public static Option<string> DataParent() => new("--data-dir")
    {
        Description = "Where the broker's data directory is made, and deleted in the end.",
        HelpName = "DIR",
        DefaultValueFactory = _ => Path.GetTempPath(),
    };
}
