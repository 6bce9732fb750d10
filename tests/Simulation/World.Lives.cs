using Millrace.Shared.Simulated;
using Millrace.Simulation.Clients;
using Millrace.Simulation.Machine;

namespace Millrace.Simulation;

internal sealed partial class World
{
    private const int MostStarts = 6;

    private static readonly string[] FlippedSuffixes = [".log", ".log", ".index", ".timeindex", ".snapshot"];

    /// <summary>Runs the seed to its end or to the first thing that must not be.</summary>
    public void Run()
    {
        Trace.Line($"seed {Seed}: {Scenario}");
        _isQuiet = true;
        StartLife();
        var admin = new Admin(this);
        for (var i = 0; i < Scenario.Topics; i++)
            Await(CreateStable(admin, $"stable{i}"), 20_000, "a topic can't be created");
        _isQuiet = false;
        StartClients(admin, BeginCopy());
        for (var life = 0; life < Scenario.Lives && Failure is null; life++)
        {
            Live();
            if (Failure is null)
                StartLife();
        }

        if (Failure is null)
            Finish();
    }

    private async Task CreateStable(Admin admin, string name)
    {
        if (await admin.Create(name, Scenario.Partitions) is { } topic)
            Ledger.StableTopics.Add(topic);
        else
            Fail($"{name} can't be created");
    }

    private void StartClients(Admin admin, IEnumerable<Client> copying)
    {
        List<Client> clients = [admin, .. copying];
        for (var i = 0; i < Scenario.Producers; i++)
            clients.Add(new Producer(this, i, allowsLoss: Seed % 3 > 0));
        for (var i = 0; i < Scenario.Consumers; i++)
            clients.Add(new Consumer(this, i));
        for (var i = 0; i < Scenario.GroupMembers; i++)
            clients.Add(new GroupMember(this, i, $"group{i % 2}"));
        for (var i = 0; i < Scenario.ConsumerMembers; i++)
            clients.Add(new ConsumerMember(this, i, "consumers"));
        for (var i = 0; i < Scenario.ShareMembers; i++)
            clients.Add(new ShareMember(this, i, "share"));
        if (Scenario.HasTrimmer)
            clients.Add(new Trimmer(this));
        foreach (var client in clients)
            Time.After(Chance.Next(1_000_000), Lane.Client, () => _ = client.Run());
    }

    /// <summary>
    /// Lets time pass with faults until the machine stops or is stopped; the disk is then as that left it.
    /// </summary>
    private void Live()
    {
        var end = Scenario.DrawEnd(Chance);
        var broker = Broker;
        PlanFaults(broker!);
        try
        {
            Time.Run(Chance.Next(2000, 30_000));
            if (end == LifeEnd.CleanStop && Failure is null)
                StopInOrder();
        }
        catch (ProcessDiedException)
        {
            Trace.Line($"the process dies: {Faults.StoppedAt}");
            end = end == LifeEnd.CleanStop ? LifeEnd.Kill : end;
        }

        if (Failure is null)
            EndLife(end);
    }

    private void PlanFaults(SimBroker broker)
    {
        Faults.AreOn = true;
        if (Chance.Next(2) == 0)
            Faults.StopAfter(Chance.Next(1, 5000));
        if (Scenario.HasFailedFlushes && Chance.Next(2) == 0)
            Later(() => Faults.FailFlush(Chance.Next(2) == 0));
        if (Scenario.HasFailedWrites && Chance.Next(2) == 0)
            Later(() => Faults.FailWrite(Chance.Next(2) == 0));
        if (Scenario.HasFailedReads && Chance.Next(2) == 0)
            Later(() => Faults.FailRead(Chance.Next(3) == 0));
        if (Scenario.HasFullDisk && Chance.Next(3) > 0)
            Later(() => FillDisk(broker));

        void Later(Action fault) => Time.After(Chance.Next(20_000) * 1000L, Lane.Nature, () =>
        {
            if (!broker.IsDead && Faults.AreOn)
                fault();
        });
    }

    /// <summary>The disk is full for a while; when there is room again, all goes on without a restart.</summary>
    private void FillDisk(SimBroker broker)
    {
        _wasFull = false;
        Disk.Capacity = Disk.Used + Chance.Next(3000);
        Trace.Line($"disk: full at {Disk.Capacity} bytes");
        Time.After(Chance.Next(200, 6000) * 1000L, Lane.Nature, () =>
        {
            if (broker.IsDead)
                return;
            Disk.Capacity = long.MaxValue;
            Trace.Line("disk: has room again");
            Shares.ForgetHolders();
            if (!Faults.HasFailed)
                _ = ProbeAfterFullDisk(broker);
        });
    }

    private async Task ProbeAfterFullDisk(SimBroker broker)
    {
        var prober = new Producer(this, 99, allowsLoss: false);
        foreach (var topic in Ledger.StableTopics)
        {
            for (var i = 0; i < topic.Partitions.Count; i++)
            {
                if (await prober.Probe(topic, i, 20_000))
                    continue;
                if (!broker.IsDead && !Faults.HasFailed && Disk.Capacity == long.MaxValue)
                    Fail($"{topic.Name}-{i} takes no records, long after the disk has room again");
                return;
            }
        }

        if (_wasFull && !broker.IsDead)
            Sometimes.Count(Rare.DiskFullResumed);
    }

    private void StopInOrder()
    {
        foreach (var connection in _connections)
            connection.Close();
        Trace.Line("the broker stops in order");
        try
        {
            Broker!.Stop();
        }
        catch (IOException failure) when (Faults.HasFailed || Disk.Capacity < long.MaxValue)
        {
            Trace.Line($"the stop failed: {failure.Message}");
        }
    }

    private void EndLife(LifeEnd end)
    {
        Faults.AreOn = false;
        Broker!.Die();
        foreach (var connection in _connections)
            connection.Close();
        _connections.Clear();
        CountCrash();
        if (end == LifeEnd.PowerCut)
        {
            CutPower();
        }
        else
        {
            Sometimes.Count(end == LifeEnd.Kill ? Rare.Kill : Rare.CleanStop);
            Trace.Line(end == LifeEnd.Kill ? "the process was killed" : "the process has ended");
            Disk = Disk.Kill();
        }

        if (Scenario.FlipsBits && Chance.Next(2) == 0)
            FlipBits();
        Time.Run(Chance.Next(1, 1500)); // clients meet a broker that is not there
    }

    /// <summary>
    /// Only in the logs of topics and what can be made from them: the rest has no copy to be mended by.
    /// </summary>
    private void FlipBits()
    {
        for (var count = Chance.Next(1, 3); count > 0; count--)
        {
            var partitions = Ledger.StableTopics.SelectMany(topic => topic.Partitions).ToList();
            var partition = partitions[Chance.Next(partitions.Count)];
            var files = Disk.Paths.Where(path => path.StartsWith(partition.Name + "/", StringComparison.Ordinal)
                && path.EndsWith(
                    FlippedSuffixes[Chance.Next(FlippedSuffixes.Length)], StringComparison.Ordinal)).ToList();
            if (files.Count == 0)
                continue;
            var path = files[Chance.Next(files.Count)];
            var length = Disk.LengthOf(path);
            if (length == 0)
                continue;
            var position = Chance.Next(length);
            Disk.Flip(path, position, Chance.Next(8));
            Trace.Line($"disk: a bit of {path} at {position} is turned over");
            Sometimes.Count(Rare.BitFlipped);
            if (path.EndsWith(".log", StringComparison.Ordinal))
                partition.Flips++;
        }
    }

    private void CutPower()
    {
        PowerCuts++;
        Sometimes.Count(Rare.PowerCut);
        Trace.Line("the power fails");
        Disk = Disk.PowerCut(Chance, (loss, path) =>
        {
            Trace.Line($"disk: lost {loss} of {path}");
            CountLoss(loss, path);
        });
    }

    private void CountLoss(DiskLoss loss, string path)
    {
        if (loss == DiskLoss.Rename)
            Sometimes.Count(Rare.RenameLost);
        if (loss == DiskLoss.Creation)
            Sometimes.Count(Rare.CreationLost);
        if (loss == DiskLoss.Hole && path.EndsWith(".log", StringComparison.Ordinal))
            Sometimes.Count(Rare.HoleInUnflushedBytes);
        if (loss is DiskLoss.Creation or DiskLoss.Write && path.EndsWith("index", StringComparison.Ordinal))
            Sometimes.Count(Rare.IndexLost);
        if (loss is DiskLoss.Creation or DiskLoss.Write && path.EndsWith(".snapshot", StringComparison.Ordinal))
            Sometimes.Count(Rare.SnapshotLost);
    }

    private void CountCrash()
    {
        var at = Faults.StoppedAt;
        if ((at.StartsWith("Create", StringComparison.Ordinal) && at.EndsWith(".log", StringComparison.Ordinal))
            || (at.StartsWith("Write", StringComparison.Ordinal) && at.EndsWith("index", StringComparison.Ordinal)))
            Sometimes.Count(Rare.CrashDuringRoll);
    }

    /// <summary>Starts the broker, over crashes in the middle of it, and looks at all that it has found.</summary>
    private void StartLife()
    {
        for (var start = 1; start <= MostStarts; start++)
        {
            if (!TryStart(mayCrash: start < MostStarts))
                continue;
            CheckRecovered();
            if (Failure is null && Chance.Next(4) == 0)
                StartAgain();
            return;
        }
    }

    private bool TryStart(bool mayCrash)
    {
        Starts++;
        _heard.Clear();
        Faults.Renew();
        _flushedAtFailure.Clear();
        Disk.Capacity = long.MaxValue;
        Disk.Before = Faults.Before;
        Disk.DuringFlush = _ => DuringFlush();
        Broker = new SimBroker(this, PlantedBugs.Into(Bug, Disk, this));
        if (mayCrash && Chance.Next(6) == 0)
            Faults.StopAfter(Chance.Next(1, 150));
        var lengths = LogLengths();
        try
        {
            Trace.Line("the broker starts");
            Broker.Start();
            Faults.StopAfter(int.MaxValue);
        }
        catch (ProcessDiedException)
        {
            Trace.Line($"the process dies while it starts: {Faults.StoppedAt}");
            Sometimes.Count(Rare.CrashDuringRecovery);
            foreach (var partition in Ledger.StableTopics.SelectMany(topic => topic.Partitions))
                HearDamage(partition);
            Broker.Die();
            if (Scenario.HasPowerCuts && Chance.Next(2) == 0)
                CutPower();
            else
                Disk = Disk.Kill();
            return false;
        }
        catch (Exception failure)
        {
            Fail($"the broker does not start: {failure}");
            return true;
        }

        CountRecovery(lengths);
        return true;
    }

    private void DuringFlush()
    {
        var before = Broker!.IsDead ? 0 : Hosted.Sum(partition => partition.Log.LogEndOffset.Value);
        // At the end the disk is no slower than the producers: a flush of ever more small segments could take for ever.
        Time.RunBeside(_isQuiet ? Scenario.QuickFlush : Scenario.FlushTime(Chance));
        if (!Broker.IsDead && Hosted.Sum(partition => partition.Log.LogEndOffset.Value) > before)
            Sometimes.Count(Rare.AppendDuringFlush);
    }

    private Dictionary<string, int> LogLengths() => Disk.Paths
        .Where(path => path.EndsWith(".log", StringComparison.Ordinal))
        .ToDictionary(path => path, path => Disk.LengthOf(path));

    private void CountRecovery(Dictionary<string, int> lengths)
    {
        foreach (var (path, length) in lengths)
        {
            if (Disk.Exists(path) && Disk.LengthOf(path) < length)
                Sometimes.Count(Rare.TornTailCut);
            if (!Disk.Exists(path.Replace(".log", ".index", StringComparison.Ordinal)))
                Sometimes.Count(Rare.IndexRebuilt);
        }
    }
}
