using Millrace.Broker.Partitions;
using Millrace.Core.Configs;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol.Wire;
using Millrace.Unit.Core.Log;

namespace Millrace.Unit.Broker.Partitions;

public sealed class RetentionTaskTests
{
    private readonly PartitionFixture _fixture = new();
    private readonly List<string> _told = [];

    [Fact]
    public void APartitionThatCantBeReadStopsNeitherTheOthersNorTheTask()
    {
        var bad = Expired();
        var good = Expired();
        _fixture.Topics.Set(new HostedTopic("a", new Uuid(1, 2), [Hosted("a", bad.Log), Hosted("a", good.Log)]));
        new RetentionTask(_fixture.Topics, _fixture.Loop, new BrokerSettings([]), _told.Add).Start();
        bad.Disk.FailReads = true;

        _fixture.Loop.Advance(300_000);

        Assert.Contains("Old records of a-0 can't be deleted: The sector cannot be read.", _told);
        Assert.Equal(120, good.Log.LogStartOffset.Value);
        bad.Disk.FailReads = false;
        _fixture.Loop.Advance(300_000);
        Assert.Equal(120, bad.Log.LogStartOffset.Value);
    }

    [Fact]
    public void WhatTheFirstCheckWillDeleteIsToldBeforeAndWhatItDeletedAfter()
    {
        _fixture.Topics.Set(new HostedTopic("a", new Uuid(1, 2), [Hosted("a", Expired().Log)]));
        _fixture.Loop.Advance(300_000);
        new RetentionTask(_fixture.Topics, _fixture.Loop, new BrokerSettings([]), _told.Add).Start();

        _fixture.Loop.RunPosted();

        Assert.Equal(
            "Retention will delete 4 segments with 120 offsets at its first check, in 300 s, of a: "
            + "to keep them set retention.ms, or retention.bytes, to -1.", Assert.Single(_told));
        _fixture.Loop.Advance(300_000);
        Assert.Equal("Retention deleted 4 segments with 120 offsets of a.", _told[1]);
        _fixture.Loop.Advance(300_000);
        Assert.Equal(2, _told.Count);
    }

    /// <summary>A log that was opened again, so that the times of its segments have to be read.</summary>
    private static LogFixture Expired()
    {
        var before = new LogFixture();
        before.Fill(40);
        before.Log.Close(clean: true);
        return new LogFixture(LogFixture.Small with { RetentionMs = 1000 }, before.Disk);
    }

    private Partition Hosted(string topic, PartitionLog log) =>
        new(new TopicPartition(topic, 0), new Uuid(1, 2), log, _fixture);
}
