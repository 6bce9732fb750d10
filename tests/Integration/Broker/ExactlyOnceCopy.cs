using Millrace.Shared;

namespace Millrace.Integration.Broker;

/// <summary>
/// <c>copier.py</c> as a process of its own: it reads one topic, writes each record to another and commits its
/// position, all in transactions, as a stream processor with exactly-once semantics does. Where it ends, after an error
/// or killed, another begins under the same transactional id.
/// </summary>
internal sealed class ExactlyOnceCopy : IAsyncDisposable
{
    private readonly string[] _arguments;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<string> _errors = [];
    private readonly Task _running;
    private ChildProcess? _copier;
    private int _steps;
    private int _committed;

    public ExactlyOnceCopy(string bootstrap, string input, string output, int perTransaction)
    {
        _arguments =
        [
            Checkout.File("tests", "Integration", "Broker", "copier.py"), bootstrap, input, output, $"{perTransaction}",
        ];
        _running = Task.Run(Run);
    }

    /// <summary>Steps that copiers told: a transaction that commits has three.</summary>
    public int Steps => Volatile.Read(ref _steps);

    /// <summary>kill -9 of the copier that is at work.</summary>
    public Task Kill() => _copier?.Kill() ?? Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    public override string ToString()
    {
        lock (_errors)
            return $"{_committed} transactions known to be committed; {string.Join("; ", _errors.TakeLast(3))}";
    }

    private async Task Run()
    {
        while (!_stop.IsCancellationRequested)
        {
            await using var copier = ChildProcess.Start("/usr/bin/python3", _arguments);
            _copier = copier;
            try
            {
                while (await copier.Output.ReadLineAsync(_stop.Token) is { } step)
                {
                    Interlocked.Increment(ref _steps);
                    if (step == "committed")
                        _committed++;
                }
            }
            catch (OperationCanceledException)
            {
                // The copy is over.
            }

            lock (_errors)
                _errors.Add(copier.Errors);
        }
    }
}
