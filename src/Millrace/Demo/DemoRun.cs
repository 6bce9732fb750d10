using System.Diagnostics;
using Millrace.Demo.Services;

namespace Millrace.Demo;

/// <summary>The demo from beginning to end. Owns every process and the directory; whatever happens, neither outlives
/// it.</summary>
internal sealed class DemoRun : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StandstillPatience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan SettlePatience = TimeSpan.FromSeconds(5);

    private readonly DemoOptions _options;
    private readonly CancellationToken _cancelled;
    private readonly Screen _screen = new();
    private readonly string _directory;
    private readonly Guard _guard;
    private readonly List<Crash> _crashes = [];
    private PrivatePostgres _postgres = null!;
    private PrivateMillrace _millrace = null!;
    private ConsumerProcess[] _services = [];
    private OrderApplication _application = null!;

    public DemoRun(DemoOptions options, CancellationToken cancelled)
    {
        _options = options;
        _cancelled = cancelled;
        _directory = Directory.CreateTempSubdirectory("millrace-demo-").FullName;
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(_directory, (UnixFileMode)0b111_001_001);
        _guard = new Guard(_directory, options.Keep);
    }

    /// <returns>Whether every copy equals the tables and nothing was lost.</returns>
    public async Task<bool> RunAsync()
    {
        await StartAsync();
        _application = new OrderApplication(_postgres, _options.Rate);
        var dashboard = new Dashboard(_application, _services);
        await _screen.ShowAsync(dashboard, WorkAsync());
        foreach (var service in _services)
            service.End();
        _screen.Tell("comparing each service's copy with the tables");
        var verdicts = new List<ServiceVerdict>();
        foreach (var service in _services)
            verdicts.Add(await Verdict.OfAsync(service, _application, _postgres, _cancelled));
        Summary.Write(dashboard, verdicts, _crashes);
        if (_options.Keep)
            _screen.Tell($"Databases, logs and copies are in {_directory}");
        return verdicts.All(verdict => verdict.IsRight);
    }

    public void Dispose()
    {
        foreach (var service in _services)
            service.Dispose();
        _millrace?.Dispose();
        _postgres?.Dispose();
        _guard.Dispose();
    }

    private async Task StartAsync()
    {
        var clock = Stopwatch.StartNew();
        var programs = await PostgresPrograms.FindAsync(
            _options.PostgresPrograms, _directory, _screen.Tell, _cancelled);
        _postgres = await PrivatePostgres.CreateAsync(programs, _directory, _guard, _cancelled);
        await Shop.CreateAsync(_postgres, _cancelled);
        _screen.Tell($"PostgreSQL ({programs}) serves on 127.0.0.1:{_postgres.Port}");
        _millrace = new PrivateMillrace(_postgres, _directory, _guard);
        await _millrace.StartAsync(_cancelled);
        _screen.Tell($"Millrace serves Kafka clients on {_millrace.Bootstrap} and captures "
            + $"{Shop.Tables.Length} tables");
        _services = [.. ServiceNames.All.Select(Service)];
        foreach (var service in _services)
            service.Start();
        await UntilAsync("the services have the initial rows", () => _services.All(service =>
            service.IsConsuming && service.Report.Applied >= Shop.FirstRowsOf(service.Tables)));
        _screen.Tell($"three services have the {Shop.FirstRowsOf(Shop.Tables)} initial rows; "
            + $"all is up after {clock.Elapsed.TotalSeconds:0.0} s");
    }

    private ConsumerProcess Service(string name)
    {
        var state = Path.Combine(_directory, "services", name);
        Directory.CreateDirectory(state);
        return new ConsumerProcess(name, _millrace.Bootstrap, state, _guard);
    }

    /// <summary>The application takes orders, part after part is killed, the services catch up.</summary>
    private async Task WorkAsync()
    {
        var clock = Stopwatch.StartNew();
        SetCalm(true);
        _application.Start(_cancelled);
        await UntilAtAsync(clock, 0.2);
        await CrashAsync("the cache service", _services[0].Kill, async () =>
        {
            _services[0].Start();
            await UntilAsync("the cache service consumes", () => _services[0].IsConsuming);
        });
        await UntilAtAsync(clock, 0.45);
        await CrashAsync("Millrace", _millrace.Kill, () => _millrace.StartAsync(_cancelled));
        await UntilAtAsync(clock, 0.7);
        await CrashAsync("PostgreSQL", _postgres.Kill, () => _postgres.StartAsync(_cancelled));
        await UntilAtAsync(clock, 1);
        await _application.StopAsync();
        _screen.Tell($"the application stopped after {_application.Committed} commits; services catch up");
        await CatchUpAsync();
    }

    private async Task CrashAsync(string what, Action kill, Func<Task> restart)
    {
        SetCalm(false);
        var clock = Stopwatch.StartNew();
        kill();
        _screen.Tell($"killed {what} (kill -9)");
        await restart();
        var serves = clock.Elapsed;
        _screen.Tell($"{what} serves again after {serves.TotalMilliseconds:0} ms");
        var mark = NowMicros();
        await UntilAsync($"changes flow again after the crash of {what}", () => _services.All(IsBeyond(mark)));
        _screen.Tell($"changes flow again after {clock.Elapsed.TotalMilliseconds:0} ms");
        _crashes.Add(new Crash(what, serves, clock.Elapsed));
        await SettleAsync();
        SetCalm(true);
    }

    /// <summary>What had piled up is through, in every partition; where the machine is too busy for that, it is not
    /// waited for long.</summary>
    private async Task SettleAsync()
    {
        var clock = Stopwatch.StartNew();
        for (var mark = NowMicros(); clock.Elapsed < SettlePatience;)
        {
            await WatchAsync();
            if (_services.All(IsBeyond(mark)) && _services.Sum(service => service.Report.Lag) < _options.Rate)
                break;
        }

        await Task.Delay(TimeSpan.FromMilliseconds(500), _cancelled);
    }

    /// <summary>Each service has every committed change, or nothing has come for long: the comparison tells.</summary>
    private async Task CatchUpAsync()
    {
        var clock = Stopwatch.StartNew();
        var (position, since) = (0L, TimeSpan.Zero);
        while (_services.Any(s => s.Report.Applied < Verdict.ExpectedBy(s, _application) || s.Report.Lag > 0))
        {
            if (_services.Sum(s => s.Report.Position) is var now && now != position)
                (position, since) = (now, clock.Elapsed);
            if (clock.Elapsed - since > StandstillPatience)
            {
                _screen.Tell("not everything has arrived, and nothing has come "
                    + $"for {StandstillPatience.TotalSeconds:0} s");
                return;
            }

            await WatchAsync();
        }

        _screen.Tell($"every service has caught up after {clock.Elapsed.TotalMilliseconds:0} ms");
    }

    private async Task UntilAtAsync(Stopwatch clock, double share)
    {
        while (clock.Elapsed < _options.Duration * share)
            await WatchAsync();
    }

    private async Task UntilAsync(string what, Func<bool> isSo)
    {
        var clock = Stopwatch.StartNew();
        while (!isSo())
        {
            if (clock.Elapsed > Patience)
                throw new DemoException($"Waited {Patience.TotalSeconds:0} s in vain until {what}. "
                    + $"Millrace's last words:\n{_millrace.LastWords}");
            await WatchAsync();
        }
    }

    /// <summary>A moment later, if nothing has ended that was not to end.</summary>
    private async Task WatchAsync()
    {
        await Task.Delay(10, _cancelled);
        try
        {
            _postgres.ThrowIfFailed();
            _millrace.ThrowIfFailed();
            foreach (var service in _services)
                service.ThrowIfFailed();
            if (_application is not null)
                await _application.ThrowIfFailedAsync();
        }
        catch (DemoException)
        {
            // Ctrl-C reaches every process of a terminal: then they end because the demo is to end.
            await Task.Delay(TimeSpan.FromMilliseconds(300), _cancelled);
            throw;
        }
    }

    private static Func<ConsumerProcess, bool> IsBeyond(long micros) =>
        service => service.Report.NewestCommitMicros > micros;

    private static long NowMicros() => (DateTime.UtcNow - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    private void SetCalm(bool isCalm)
    {
        foreach (var service in _services)
            service.IsCalm = isCalm;
    }
}
