using System.Globalization;

namespace Millrace.Demo;

/// <summary>Millrace as the demo's child: a server with one connector, on ports of its own that stay the same over a
/// crash.</summary>
internal sealed class PrivateMillrace : IDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);

    private readonly string _directory;
    private readonly string _connector;
    private readonly Guard _guard;
    private readonly int _http = FreePort.Next();
    private ChildProcess? _process;

    public PrivateMillrace(PrivatePostgres postgres, string directory, Guard guard)
    {
        _directory = Path.Combine(directory, "millrace");
        _guard = guard;
        Bootstrap = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{FreePort.Next()}");
        Directory.CreateDirectory(_directory);
        _connector = Path.Combine(directory, "shop.properties");
        File.WriteAllText(_connector, postgres.ConnectorProperties + $"""
            name=shop
            topic.prefix={TopicPrefix}
            table.include.list={string.Join(',', Shop.Tables.Select(table => $"public.{table}"))}
            plugin.name=pgoutput
            slot.name=shop
            publication.name=shop
            snapshot.mode=initial
            decimal.handling.mode=string
            topic.creation.default.partitions=3
            key.converter=org.apache.kafka.connect.json.JsonConverter
            key.converter.schemas.enable=false
            value.converter=org.apache.kafka.connect.json.JsonConverter
            value.converter.schemas.enable=false

            """);
    }

    public static string TopicPrefix => "shop";

    /// <summary>Where Kafka clients connect to.</summary>
    public string Bootstrap { get; }

    public string LastWords => _process?.LastWords ?? "";

    public void ThrowIfFailed()
    {
        if (_process is { HasFailed: true } failed)
            throw failed.Failure();
    }

    /// <summary>Returns when it says that it serves.</summary>
    public async Task StartAsync(CancellationToken cancelled)
    {
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _process = ChildProcess.Start("Millrace",
            ChildProcess.ThisProgram("server", "--data", Path.Combine(_directory, "data"), "--kafka", Bootstrap,
                "--http", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_http}"), "--connector", _connector),
            Path.Combine(_directory, "millrace.log"),
            line =>
            {
                if (line.StartsWith("ready ", StringComparison.Ordinal))
                    ready.TrySetResult();
            });
        _guard.Watch(_process.Id);
        for (var waited = TimeSpan.Zero; !ready.Task.IsCompleted; waited += TimeSpan.FromMilliseconds(100))
        {
            ThrowIfFailed();
            if (waited > StartPatience)
                throw new DemoException("Millrace does not say that it serves.");
            await Task.WhenAny(ready.Task, Task.Delay(100, cancelled));
            cancelled.ThrowIfCancellationRequested();
        }
    }

    public void Kill()
    {
        if (_process is null)
            return;
        _process.Kill();
        _guard.Forget(_process.Id);
        _process.Dispose();
        _process = null;
    }

    public void Dispose() => Kill();
}
