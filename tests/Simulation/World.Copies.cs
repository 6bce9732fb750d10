using Millrace.Simulation.Clients;
using Millrace.Simulation.Ledgers;

namespace Millrace.Simulation;

/// <content>The exactly-once copy, in seeds that have one.</content>
internal sealed partial class World
{
    private const int Copiers = 2;

    private CopyLedger? _copy;

    private IEnumerable<Client> BeginCopy()
    {
        if (!Scenario.HasCopy)
            return [];
        var feeder = new CopyFeeder(this);
        _isQuiet = true;
        var created = feeder.CreateTopics();
        Await(created, 20_000, "the topics of the copy can't be created");
        _isQuiet = false;
        if (Failure is null && !created.Result)
            Fail("the topics of the copy can't be created");
        _copy = new CopyLedger(this);
        return
        [
            feeder,
            new CopyReader(this, _copy),
            .. Enumerable.Range(0, Copiers).Select(number => new Copier(this, number)),
        ];
    }

    /// <summary>
    /// Nobody works any more, and all timeouts have passed: no transaction hangs, and the copies are those that the
    /// committed position says.
    /// </summary>
    private async Task CheckCopy()
    {
        foreach (var partition in Hosted)
        {
            if (partition.LastStableOffset < partition.HighWatermark)
                Fail($"{partition.Id}: a transaction hangs at offset {partition.LastStableOffset}");
        }

        if (_copy is null || Failure is not null)
            return;
        var reader = new CopyReader(this, _copy);
        for (var partition = 0; partition < CopyLedger.Partitions; partition++)
        {
            if (!await reader.ReadAll(partition))
                Fail($"{CopyLedger.Output}-{partition} can't be read, and nothing is wrong");
        }

        if (await new Copier(this, Copiers).FetchPosition() is { } position)
            _copy.CheckEnd(position);
        else if (Broker!.Topics.Find("__consumer_offsets") is not null)
            Fail("the position of the copy can't be told, and nothing is wrong");
    }
}
