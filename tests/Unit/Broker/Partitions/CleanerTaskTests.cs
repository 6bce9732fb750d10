using System.Text;
using Millrace.Broker.Partitions;
using Millrace.Core.Configs;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol.Wire;
using Millrace.Unit.Core.Log.Cleaner;
using Millrace.Shared.Simulated;

namespace Millrace.Unit.Broker.Partitions;

public sealed class CleanerTaskTests
{
    private readonly PartitionFixture _fixture = new();
    private readonly List<string> _told = [];
    private readonly SimDisk _disk = new();

    [Fact]
    public void WhatIsDirtyEnoughIsCleanedAndTheCheckpointSaysHowFar()
    {
        CleanedLog dirty = Hosted("dirty");
        CleanedLog other = Hosted("deleted-by-age", CleanedLog.Compacted with { Compact = false });
        Fill(dirty);
        Fill(other);
        Start();
        Assert.Equal(30, dirty.Records().Count);

        _fixture.Loop.Advance(15_000);

        Assert.Equal(29, Assert.Single(dirty.Records()).Offset);
        Assert.Equal(30, other.Records().Count);
        Assert.Equal("0\n1\ndirty 0 30\n", Checkpoint());
        Assert.Empty(_told);
    }

    [Fact]
    public void APartitionWithNothingNewIsNotRead()
    {
        CleanedLog log = Hosted("idle");
        Fill(log);
        Start();
        _fixture.Loop.Advance(15_000);
        ((SimDisk)log.Disk).FailReads = true;
        ((SimDisk)log.Disk).FailWrites = true;
        _disk.FailWrites = true;
        for (int i = 0; i < 10; i++)
            _fixture.Loop.Advance(15_000);

        Assert.Empty(_told);
        Assert.False(log.Log.IsOffline);
    }

    [Fact]
    public void ADamagedLogIsToldOfAndTriedAgainLaterAndOthersGoOn()
    {
        CleanedLog bad = Hosted("bad");
        CleanedLog good = Hosted("good");
        Fill(bad);
        Fill(good);
        string path = bad.Log.Segments[0].Path + ".log";
        ((SimDisk)bad.Disk).Content(path)[100] ^= 1;
        Start();

        _fixture.Loop.Advance(15_000);

        Assert.Single(good.Records());
        Assert.StartsWith("bad-0 can't be compacted and stays as it is: ", Assert.Single(_told));
        Assert.Equal("0\n1\ngood 0 30\n", Checkpoint());
        ((SimDisk)bad.Disk).Content(path)[100] ^= 1;
        _fixture.Loop.Advance(15_000);
        Assert.Equal(30, bad.Records().Count);
        _fixture.Loop.Advance(300_000);
        Assert.Single(bad.Records());
        Assert.Single(_told);
    }

    [Fact]
    public void NothingIsCleanedBeforeTheGapsAreNoted()
    {
        CleanedLog log = Hosted("dirty");
        Fill(log);
        _disk.SetContent(OffsetCheckpoint.Gaps, "0\n0\n"u8.ToArray());
        Start();
        _disk.Refuses = path => path.StartsWith(OffsetCheckpoint.Gaps, StringComparison.Ordinal);
        _fixture.Loop.Advance(15_000);
        Assert.Equal(30, log.Records().Count);
        Assert.StartsWith("dirty-0 can't be compacted and stays as it is: gaps-offset-checkpoint", _told[0]);

        _disk.Refuses = path => path.StartsWith(OffsetCheckpoint.Cleaner, StringComparison.Ordinal);
        _fixture.Loop.Advance(300_000);
        Assert.Single(log.Records());
        LogOpening opening = new LogCheckpoints(_disk.Crash()).Opening(CleanedLog.Id, true, _ => { });
        Assert.Equal(30, opening.GapsBelow!.Value.Value);
    }

    [Fact]
    public void ATopicOfTheSameNameStartsDirty()
    {
        Fill(Hosted("again"));
        Start();
        _fixture.Loop.Advance(15_000);
        CleanedLog second = Hosted("again", id: 2);
        Fill(second);

        _fixture.Loop.Advance(15_000);

        Assert.Single(second.Records());
        _fixture.Topics.Remove(_fixture.Topics.Find("again")!);
        _fixture.Loop.Advance(15_000);
        Assert.Equal("0\n0\n", Checkpoint());
    }

    [Fact]
    public void TheCleanerKeepsToItsRate()
    {
        CleanedLog log = Hosted("slow");
        Fill(log);
        Start("log.cleaner.io.max.bytes.per.second=100");
        _fixture.Loop.Advance(15_000);
        Assert.NotEqual("0\n1\nslow 0 30\n", Checkpoint());
        long bytes = log.Log.SizeInBytes;
        _fixture.Loop.Advance(bytes / 100 * 1000);
        Assert.NotEqual("0\n1\nslow 0 30\n", Checkpoint());

        for (int i = 0; i < 20; i++)
            _fixture.Loop.Advance(bytes / 100 * 1000);

        Assert.Equal("0\n1\nslow 0 30\n", Checkpoint());
    }

    [Fact]
    public void RetentionGoesBeforeCompaction()
    {
        CleanedLog log = Hosted("both", CleanedLog.Compacted with { Delete = true, RetentionMs = 1000 });
        Fill(log);
        Start();

        _fixture.Loop.Advance(15_000);

        Assert.Equal(30, log.Log.LogStartOffset.Value);
        Assert.Empty(_told);
    }

    private void Start(params string[] settings)
    {
        var given = settings.Select(text => text.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        new CleanerTask(
            _fixture.Topics, _fixture.Loop, new BrokerSettings(given), new LogCheckpoints(_disk), _told.Add).Start();
    }

    private CleanedLog Hosted(string topic, LogSettings? settings = null, ulong id = 1)
    {
        var log = new CleanedLog(settings) { Now = _fixture.Loop.Now };
        var topicId = new Uuid(id, (ulong)topic.Length);
        var partition = new Partition(new TopicPartition(topic, 0), topicId, log.Log, _fixture);
        _fixture.Topics.Set(new HostedTopic(topic, topicId, [partition]));
        return log;
    }

    /// <summary>Thirty values of one key, all visible.</summary>
    private void Fill(CleanedLog log)
    {
        for (int i = 0; i < 30; i++)
            log.Append(("k", $"v{i}"));
        log.Roll();
        foreach (HostedTopic topic in _fixture.Topics.Topics)
        {
            foreach (Partition partition in topic.Partitions)
                partition.Flush();
        }
    }

    private string Checkpoint() =>
        _disk.Exists(OffsetCheckpoint.Cleaner) ? Encoding.UTF8.GetString(_disk.Content(OffsetCheckpoint.Cleaner)) : "";
}
