using System.Globalization;
using Millrace.Core.Configs;
using Millrace.Simulation.Clients;

namespace Millrace.Simulation;

/// <summary>How a life of the broker ends.</summary>
internal enum LifeEnd
{
    CleanStop,
    Kill,
    PowerCut,
}

/// <summary>What a seed has drawn: the settings, who works, and what goes wrong.</summary>
internal sealed class Scenario
{
    public Scenario(Random random)
    {
        Lives = random.Next(2, 6);
        Topics = random.Next(1, 4);
        Partitions = random.Next(1, 4);
        Producers = random.Next(1, 5);
        Consumers = random.Next(1, 4);
        GroupMembers = random.Next(0, 4);
        HasVolatileTopics = random.Next(2) == 0;
        HasPowerCuts = random.Next(5) > 0;
        HasFullDisk = random.Next(4) == 0;
        HasFailedFlushes = random.Next(4) == 0;
        HasFailedWrites = random.Next(6) == 0;
        HasFailedReads = random.Next(6) == 0;
        LosesConnections = random.Next(3) == 0;
        FlipsBits = random.Next(6) == 0;
        HasTrimmer = random.Next(3) == 0;
        LargestValue = random.Next(3) switch
        {
            0 => 40,
            1 => 400,
            _ => 3000,
        };
        SlowestFlush = random.Next(4) switch
        {
            0 => 200,
            3 => 200_000,
            _ => 8000,
        };
        HasCopy = random.Next(3) == 0;
        ConsumerMembers = random.Next(0, 4);
        Settings = new BrokerSettings(new Dictionary<string, string>
        {
            ["metadata.log.max.record.bytes.between.snapshots"] = "20000", // so that they come within a run
            ["offsets.topic.num.partitions"] = "2",
            ["group.consumer.min.session.timeout.ms"] = "1",
            ["group.consumer.session.timeout.ms"] =
                ConsumerMember.SessionMs.ToString(CultureInfo.InvariantCulture),
            ["transaction.state.log.num.partitions"] = "2",
            ["share.coordinator.state.topic.num.partitions"] = "2",
            ["share.coordinator.snapshot.update.records.per.snapshot"] = "5",
            ["log.retention.check.interval.ms"] = random.Next(3000, 20_000).ToString(CultureInfo.InvariantCulture),
        });
        ShareMembers = FlipsBits ? 0 : random.Next(0, 4);
    }

    public BrokerSettings Settings { get; }

    public int Lives { get; }

    public int Topics { get; }

    public int Partitions { get; }

    public int Producers { get; }

    public int Consumers { get; }

    public int GroupMembers { get; }

    public int ConsumerMembers { get; }

    public int ShareMembers { get; }

    public bool HasVolatileTopics { get; }

    public bool HasPowerCuts { get; }

    public bool HasFullDisk { get; }

    public bool HasFailedFlushes { get; }

    public bool HasFailedWrites { get; }

    public bool HasFailedReads { get; }

    public bool LosesConnections { get; }

    public bool FlipsBits { get; }

    /// <summary>Somebody deletes records from topics that do not keep all.</summary>
    public bool HasTrimmer { get; }

    /// <summary>Somebody copies records exactly once.</summary>
    public bool HasCopy { get; }

    public int LargestValue { get; }

    /// <summary>In microseconds.</summary>
    public int SlowestFlush { get; }

    public long FlushDelay(Random random) => random.Next(20, SlowestFlush / 4 + 40);

    public const long QuickFlush = 50;

    public long FlushTime(Random random) => random.Next(50, SlowestFlush);

    public LifeEnd DrawEnd(Random random) => random.Next(8) switch
    {
        0 or 1 => LifeEnd.CleanStop,
        2 or 3 => LifeEnd.Kill,
        _ => HasPowerCuts ? LifeEnd.PowerCut : LifeEnd.Kill,
    };

    /// <summary>A topic's settings: short segments by age, by index or not at all; little retention or all.</summary>
    public Dictionary<string, string> DrawTopic(Random random, out bool keepsAll)
    {
        var configs = new Dictionary<string, string>
        {
            ["index.interval.bytes"] = random.Next(3) switch
            {
                0 => "0",
                1 => "200",
                _ => "4096",
            },
            ["segment.index.bytes"] = Number(random, 24, 400),
            ["segment.ms"] = Number(random, 500, 60_000),
        };
        if (random.Next(3) == 0)
            configs["segment.bytes"] = "1048576";
        if (random.Next(4) == 0)
            configs["message.timestamp.type"] = "LogAppendTime";
        if (random.Next(4) == 0)
            configs["compression.type"] = random.Next(2) == 0 ? "lz4" : "zstd";
        keepsAll = random.Next(3) > 0;
        if (keepsAll || random.Next(3) == 0)
            configs["retention.ms"] = "-1";
        else if (random.Next(2) == 0)
            configs["retention.ms"] = Number(random, 2000, 30_000);
        else
            configs["retention.bytes"] = Number(random, 500, 60_000);
        return configs;
    }

    private static string Number(Random random, int least, int most) =>
        random.Next(least, most).ToString(CultureInfo.InvariantCulture);

    public override string ToString() =>
        $"{Lives} lives, {Topics} topics of {Partitions}, {Producers} producers, {Consumers} consumers, "
        + $"{GroupMembers} members, {ConsumerMembers} of the new protocol, {ShareMembers} that share;"
        + (HasVolatileTopics ? " topics come and go," : "")
        + (HasPowerCuts ? " power cuts," : "")
        + (HasFullDisk ? " full disk," : "")
        + (HasFailedFlushes ? " failed flushes," : "")
        + (HasFailedWrites ? " failed writes," : "")
        + (HasFailedReads ? " failed reads," : "")
        + (LosesConnections ? " lost connections," : "")
        + (FlipsBits ? " flipped bits," : "")
        + (HasTrimmer ? " deleted records," : "")
        + (HasCopy ? " a copy," : "")
        + $" values to {LargestValue}, flushes to {SlowestFlush} us";
}
