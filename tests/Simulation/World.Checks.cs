using System.Globalization;
using System.Text.RegularExpressions;
using Millrace.Broker.Partitions;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Simulation.Clients;
using Millrace.Simulation.Ledgers;

namespace Millrace.Simulation;

internal sealed partial class World
{
    private const int ReadBytes = 64 * 1024;

    /// <summary>After a start: every topic is there that must be, with all that was kept.</summary>
    private void CheckRecovered()
    {
        foreach (var topic in Ledger.Topics)
        {
            if (Failure is not null)
                return;
            if (Broker!.Topics.Find(topic.Id) is { } hosted)
                CheckTopic(topic, hosted);
            else if (!topic.MayBeGone && !topic.IsGone)
                Fail($"{topic.Name} is not there: {string.Join(" / ", Broker.Told)}");
            else
                topic.IsGone = true;
        }
    }

    private void CheckTopic(TopicLedger topic, HostedTopic hosted)
    {
        if (topic.IsGone)
        {
            Fail($"{topic.Name} was deleted and is there again");
            return;
        }

        if (hosted.Partitions.Length < topic.Partitions.Count)
            Fail($"{topic.Name} had {topic.Partitions.Count} partitions and has {hosted.Partitions.Length}");
        topic.Grow(hosted.Partitions.Length);
        for (var i = 0; i < hosted.Partitions.Length && Failure is null; i++)
        {
            var log = hosted.Partitions[i].Log;
            if (log.LogStartOffset.Value > topic.Partitions[i].LogStartOffset)
                Sometimes.Count(Rare.RetentionMovedStart);
            HearDamage(topic.Partitions[i]);
            var records = ReadAll(hosted.Partitions[i], topic.Partitions[i]);
            if (Failure is null)
                topic.Partitions[i].Recovered(log.LogStartOffset.Value, log.LogEndOffset.Value, records);
        }
    }

    /// <summary>What the broker says of damage is heard once, in the order in which it says it.</summary>
    private void HearDamage(PartitionLedger ledger)
    {
        foreach (var line in Broker!.Told.Where(line => line.StartsWith(ledger.Name + ": ", StringComparison.Ordinal)))
        {
            if (!_heard.Add(line) || DamageLine().Match(line) is not { Success: true } match)
                continue;
            var from = long.Parse(match.Groups["from"].Value, CultureInfo.InvariantCulture);
            if (match.Groups["kind"].Value == "cut")
                ledger.ToldCut(from);
            else
                ledger.ToldDamage(from, long.Parse(match.Groups["last"].Value, CultureInfo.InvariantCulture) + 1);
        }
    }

    [GeneratedRegex(@"offsets? (?<from>\d+)( to (?<last>\d+))? (are|is) (?<kind>damaged|missing|cut)")]
    private static partial Regex DamageLine();

    /// <summary>Everything in the log, straight from it.</summary>
    private List<(long Offset, int Id)> ReadAll(Partition partition, PartitionLedger ledger)
    {
        List<(long, int)> records = [];
        var log = partition.Log;
        var at = log.LogStartOffset;
        while (at < log.LogEndOffset && Failure is null)
        {
            var slice = log.Read(at, ReadBytes, log.LogEndOffset, atLeastOneBatch: true);
            if (slice.Error == ErrorCode.CorruptMessage)
                HearDamage(ledger);
            if (slice.Error == ErrorCode.CorruptMessage && ledger.DamageEnd(at.Value) is { } behind)
            {
                Sometimes.Count(Rare.DamageToldAndPassed);
                at = new Offset(behind);
                continue;
            }

            if (slice.Error != ErrorCode.None || slice.Length == 0)
            {
                Fail($"{partition.Id} can't be read at offset {at}: {slice.Error}");
                break;
            }

            var bytes = new byte[slice.Length];
            slice.CopyTo(bytes);
            var read = BatchReader.Read(this, partition.Id.ToString(), bytes);
            if (read.Count == 0 || read[^1].Offset < at.Value)
            {
                Fail($"{partition.Id}: a read from offset {at} gives nothing of it");
                break;
            }

            records.AddRange(read.Where(record => record.Offset >= at.Value));
            at = new Offset(read[^1].Offset + 1);
        }

        return records;
    }

    /// <summary>The broker is killed as soon as it has started, and finds the same again.</summary>
    private void StartAgain()
    {
        var first = Found();
        Broker!.Die();
        Disk = Disk.Kill();
        if (!TryStart(mayCrash: false) || Failure is not null)
            return;
        CheckRecovered();
        if (Failure is null && Found() is var second && first != second)
            Fail($"a second recovery finds other things than the first:\n{first}\n{second}");
    }

    private string Found() => string.Join('\n', Broker!.Topics.Topics
        .OrderBy(topic => topic.Name, StringComparer.Ordinal)
        .SelectMany(topic => topic.Partitions)
        .Select(partition => $"{partition.Id}: {partition.Log.LogStartOffset} to {partition.Log.LogEndOffset}, "
            + $"{partition.Log.ProducerCount} producers"));

    /// <summary>The end: no more faults, every partition works, and a stop in order loses nothing.</summary>
    private void Finish()
    {
        _isQuiet = true;
        Await(ProbeAll(), 120_000, "not every partition takes records when nothing is wrong");
        IsEnding = true;
        Time.Run(20_000);
        Await(CheckCopy(), 60_000, "the copy can't be checked");
        if (Failure is null && Scenario.ShareMembers > 0)
            Await(DrainShares(), 600_000, "a share group does not come to its end");
        if (Failure is null && Scenario.ConsumerMembers > 0)
        {
            Await(
                new ConsumerMember(this, 97, "consumers").OwnAll(), 60_000,
                "a sole member of a consumer group does not get all partitions");
        }

        if (Failure is not null)
            return;
        StopInOrder();
        EndLife(LifeEnd.CleanStop);
        StartLife();
        if (Failure is null && !Broker!.WasCleanlyShutDown && Faults.StoppedAt.Length == 0)
            Trace.Line("the stop in order was not clean");
    }

    private async Task ProbeAll()
    {
        var prober = new Producer(this, 98, allowsLoss: false);
        foreach (var topic in Ledger.StableTopics)
        {
            for (var i = 0; i < topic.Partitions.Count; i++)
            {
                if (!await prober.Probe(topic, i, 20_000))
                    Fail($"{topic.Name}-{i} takes no records, and nothing is wrong");
            }
        }
    }

    private async Task DrainShares()
    {
        if (await new ShareMember(this, 97, "share").Drain())
            Sometimes.Count(Rare.ShareDrained);
        else
            Fail("not every record of a share group is accepted, rejected or given up, and nothing is wrong");
    }

    private void Await(Task task, int milliseconds, string otherwise)
    {
        if (!Time.Run(task, milliseconds))
            Fail(otherwise + (task.Exception is { } failure ? $": {failure}" : ""));
    }
}
