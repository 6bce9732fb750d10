using Millrace.Integration.Broker;
using Millrace.Shared;

namespace Millrace.Integration.Faults;

/// <summary>
/// What a server bears while it is put through faults: idempotent producers with acks=all that write to several
/// partitions, and a consumer group that reads and commits.
/// </summary>
internal sealed class Load(MillraceServer server) : IAsyncDisposable
{
    private const string Topic = "faults";
    private const int Partitions = 4;
    private const int Producers = 8;

    private readonly CommittingGroup _group = new(server.Bootstrap, Topic, Partitions);
    private readonly List<CountingProducer> _producers =
    [
        .. Enumerable.Range(0, Producers).Select(
            number => new CountingProducer(server.Bootstrap, Topic, Partitions, number)),
    ];

    private bool _isStopped;

    /// <summary>Settings of the server that fit the load.</summary>
    public static string[] Settings { get; } = ["--set", $"num.partitions={Partitions}"];

    /// <summary>Waits until so many more records are acknowledged, and commits of the group too.</summary>
    public async Task Bear(int records)
    {
        try
        {
            var enough = Acknowledged + records;
            var commits = _group.Commits + 1;
            await Poll.Until(
                () => Acknowledged >= enough && _group.Commits > commits,
                () => $"{string.Join(", ", _producers)}, {_group}");
        }
        catch (InvalidOperationException failure)
        {
            await Stop();
            throw new InvalidOperationException($"{failure.Message}\n{Check()}\n{server.Errors}", failure);
        }
    }

    /// <summary>Takes the server down and up again, however: what the group committed must still be there.</summary>
    public async Task BearStop(Func<Task> stop, Func<Task> start)
    {
        await stop();
        var committed = _group.Acknowledged;
        await start();
        _group.AssertHasNotGoneBack(committed);
    }

    /// <summary>Everything that is on its way is acknowledged; no more is written.</summary>
    public Task Finish() => Task.WhenAll(_producers.Select(producer => producer.Finish()));

    /// <summary>Gives up at once: what is on its way is forgotten.</summary>
    public async Task Stop()
    {
        if (_isStopped)
            return;
        _isStopped = true;
        _producers.ForEach(producer => producer.Dispose());
        await _group.DisposeAsync();
    }

    /// <summary>What became of the records; to be asked after <see cref="Finish"/> or <see cref="Stop"/>.</summary>
    public Tally Check() => Logs.Read(server.Bootstrap, Topic, Partitions)
        .Select((records, partition) => Tally.Of(
            records, _producers.ToDictionary(producer => producer.Key, producer => producer.Offsets(partition))))
        .Aggregate((one, other) => one + other);

    public async ValueTask DisposeAsync() => await Stop();

    private int Acknowledged => _producers.Sum(producer => producer.Acknowledged);
}
