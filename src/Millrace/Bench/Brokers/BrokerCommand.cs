using System.Diagnostics;
using Millrace.Bench.Wire;
using Millrace.Demo;

namespace Millrace.Bench.Brokers;

/// <summary>
/// A shell command that runs a broker in the foreground. In it <c>{data}</c> stands for its data directory,
/// <c>{port}</c> for the port of 127.0.0.1 where it is to serve, and <c>{port+1}</c> for one more that is free.
/// </summary>
internal sealed record BrokerCommand(string Text)
{
    /// <summary>Starts it; its output goes to a file beside its data.</summary>
    public BrokerProcess Start(string data, int port)
    {
        var command = Text
            .Replace("{data}", data, StringComparison.Ordinal)
            .Replace("{port+1}", $"{port + 1}", StringComparison.Ordinal)
            .Replace("{port}", $"{port}", StringComparison.Ordinal);
        var output = data + ".out";
        var began = Stopwatch.GetTimestamp();
        var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", $"exec {command} >>'{output}' 2>&1"])
        {
            RedirectStandardInput = true,
        })!;
        return new BrokerProcess(process, new BrokerAddress("127.0.0.1", port), output, began);
    }

    /// <summary>A port that is free, and the next one too.</summary>
    public static int FreePorts()
    {
        while (true)
        {
            var port = FreePort.Next();
            if (port < ushort.MaxValue && FreePort.IsFree(port + 1))
                return port;
        }
    }
}
