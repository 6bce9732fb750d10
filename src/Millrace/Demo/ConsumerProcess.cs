using System.Text.Json;
using Millrace.Demo.Services;

namespace Millrace.Demo;

/// <summary>One service as the demo sees it: its process, and what that reports. A new process after a crash goes on
/// where the journal of the old one ends.</summary>
internal sealed class ConsumerProcess(string name, string bootstrap, string directory, Guard guard) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly LatencyHistogram _all = new();
    private readonly LatencyHistogram _calm = new();
    private ConsumerReport _report = new(0, 0, 0, 0, 0, 0, 0, 0, []);
    private ChildProcess? _process;
    private int _generation;

    public string Name => name;

    public string Directory => directory;

    public string[] Tables { get; } = ServiceNames.View(name).Tables;

    public ConsumerReport Report
    {
        get
        {
            lock (_lock)
                return _report;
        }
    }

    /// <summary>Nothing is down or catching up: latencies count as those of normal running.</summary>
    public bool IsCalm { get; set; }

    /// <summary>The present process has partitions.</summary>
    public bool IsConsuming { get; private set; }

    public void ThrowIfFailed()
    {
        if (_process is { HasFailed: true } failed)
            throw failed.Failure();
    }

    public void Start()
    {
        int generation;
        lock (_lock)
        {
            generation = ++_generation;
            IsConsuming = false;
        }

        _process = ChildProcess.Start($"the {name} service",
            ChildProcess.ThisProgram("demo", "service", name, "--bootstrap", bootstrap, "--state", directory),
            Path.Combine(directory, "..", $"{name}.log"), line => Receive(generation, line));
        guard.Watch(_process.Id);
    }

    public void Kill()
    {
        if (_process is null)
            return;
        _process.Kill();
        Forget(_process);
    }

    /// <summary>In order: it saves what it has.</summary>
    public void End()
    {
        if (_process is null)
            return;
        _process.End(TimeSpan.FromSeconds(15));
        Forget(_process);
    }

    public void Dispose() => Kill();

    /// <summary>Adds to histograms over all services.</summary>
    public void AddLatencies(LatencyHistogram all, LatencyHistogram calm)
    {
        lock (_lock)
        {
            all.Add(_all);
            calm.Add(_calm);
        }
    }

    public (double P50, double P99) CalmLatency()
    {
        lock (_lock)
            return (_calm.Milliseconds(0.5), _calm.Milliseconds(0.99));
    }

    private void Forget(ChildProcess process)
    {
        guard.Forget(process.Id);
        process.Dispose();
        _process = null;
    }

    private void Receive(int generation, string line)
    {
        if (!line.EndsWith("}}", StringComparison.Ordinal))
            return; // what a killed process had begun to write
        var report = JsonSerializer.Deserialize<ConsumerReport>(line)!;
        lock (_lock)
        {
            if (generation != _generation)
                return;
            IsConsuming = report.Partitions > 0;
            _all.Add(report.Latencies);
            if (IsCalm)
                _calm.Add(report.Latencies);
            _report = report with
            {
                NewestCommitMicros = Math.Max(report.NewestCommitMicros, _report.NewestCommitMicros),
                Lag = IsConsuming ? report.Lag : _report.Lag,
            };
        }
    }
}
