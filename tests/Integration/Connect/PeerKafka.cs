using Millrace.Shared;

namespace Millrace.Integration.Connect;

/// <summary>Apache Kafka from the peers' folder; absent peers are a reason to skip.</summary>
internal sealed class PeerKafka : IAsyncDisposable
{
    private readonly ChildProcess _process;
    private readonly DirectoryInfo _directory;

    private PeerKafka(ChildProcess process, DirectoryInfo directory, int port)
    {
        _process = process;
        _directory = directory;
        Bootstrap = $"127.0.0.1:{port}";
    }

    public string Bootstrap { get; }

    /// <summary>Where its logs are.</summary>
    public string Logs => Path.Combine(_directory.FullName, "logs");

    public static Task<PeerKafka> StartAsync(params string[] settings) => StartOnAsync(_ => { }, settings);

    /// <summary>Starts it on a data directory that is filled before, given its path.</summary>
    public static async Task<PeerKafka> StartOnAsync(Action<string> fill, params string[] settings)
    {
        var launcher = Peers.Program("kafka-broker");
        var directory = Directory.CreateTempSubdirectory("kafka-");
        fill(Path.Combine(directory.FullName, "logs"));
        var port = TwoPorts();
        var kafka = new PeerKafka(
            ChildProcess.Start("env", ["HEAP=512m", "bash", launcher, directory.FullName, $"{port}", .. settings]),
            directory,
            port);
        try
        {
            using var deadline = ChildProcess.Deadline();
            Assert.Equal("ready", await kafka._process.Output.ReadLineAsync(deadline.Token));
            return kafka;
        }
        catch
        {
            await kafka.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    /// <summary>A free port whose neighbour, where its controller listens, is free too.</summary>
    private static int TwoPorts()
    {
        var port = FreePort.Next();
        for (var next = FreePort.Next(); next != port + 1; next = FreePort.Next())
            port = next;
        return port;
    }
}
