using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Millrace.Integration.Connect;

/// <summary>Apache Kafka from the peers' folder; absent peers are a reason to skip.</summary>
public sealed class PeerKafka : IKafkaUnderTest
{
    private readonly Process _process;
    private readonly DirectoryInfo _directory;

    private PeerKafka(Process process, DirectoryInfo directory, int port)
    {
        _process = process;
        _directory = directory;
        Bootstrap = $"127.0.0.1:{port}";
    }

    public string Bootstrap { get; }

    /// <summary>The peers' launcher: KAFKA_PEERS, or shared/peers beside a parent folder; null if absent.</summary>
    public static string? Launcher()
    {
        var named = Environment.GetEnvironmentVariable("KAFKA_PEERS");
        if (named is not null)
            return Path.Combine(named, "bin/kafka-broker") is var path && File.Exists(path) ? path : null;
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            var launcher = Path.Combine(at.FullName, "shared/peers/bin/kafka-broker");
            if (File.Exists(launcher))
                return launcher;
        }
        return null;
    }

    public static async Task<PeerKafka> StartAsync(string launcher)
    {
        var directory = Directory.CreateTempSubdirectory("kafka-");
        var port = FreePorts();
        var start = new ProcessStartInfo("bash", [launcher, directory.FullName, $"{port}"])
        {
            RedirectStandardOutput = true,
            Environment = { ["HEAP"] = "512m" },
        };
        var process = Process.Start(start)!;
        string? line;
        while ((line = await process.StandardOutput.ReadLineAsync()) is not null && line != "ready")
        {
            if (line.StartsWith("not ready", StringComparison.Ordinal))
                throw new InvalidOperationException("the Kafka peer did not start");
        }
        return new PeerKafka(process, directory, port);
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _directory.Delete(recursive: true);
    }

    /// <summary>A port that is free together with the next one.</summary>
    private static int FreePorts()
    {
        while (true)
        {
            using var first = new TcpListener(IPAddress.Loopback, 0);
            first.Start();
            var port = ((IPEndPoint)first.LocalEndpoint).Port;
            using var second = new TcpListener(IPAddress.Loopback, port + 1);
            try
            {
                second.Start();
                return port;
            }
            catch (SocketException)
            {
                // The neighbour is taken: try another pair.
            }
        }
    }
}
