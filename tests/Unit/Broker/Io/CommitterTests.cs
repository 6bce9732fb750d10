using Millrace.Broker.Io;
using Millrace.Broker.Partitions;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Wire;
using Millrace.Unit.Core.Log;
using Millrace.Shared.Simulated;

namespace Millrace.Unit.Broker.Io;

public sealed class CommitterTests
{
    private readonly List<string> _told = [];

    /// <summary>One that is written to during each of its flushes would keep the only thread for itself.</summary>
    [Fact]
    public async Task PartitionsTakeTurns()
    {
        const int Most = 100;
        using var committer = new Committer(1, _told.Add);
        var other = new PartitionOnDisk("other", committer);
        var first = new FlushAwaited();
        var turns = 0;
        var turnsBefore = 0;
        other.Disk.DuringFlush = _ => turnsBefore = turns;
        var busy = new PartitionOnDisk("busy", committer);
        busy.Disk.DuringFlush = path =>
        {
            if (!path.EndsWith(".log", StringComparison.Ordinal) || ++turns > Most)
                return;
            busy.Append(new FlushAwaited());
            if (turns == 1)
                other.Append(first);
        };
        busy.Append(new FlushAwaited());

        Assert.Equal(ErrorCode.None, await first.Outcome);
        Assert.InRange(turnsBefore, 1, 2);
    }

    [Fact]
    public async Task AFlushThatHangsLeavesTheOthersTheirs()
    {
        using var release = new ManualResetEventSlim();
        using var committer = new Committer(2, _told.Add);
        var hanging = new PartitionOnDisk("hanging", committer) { Disk = { DuringFlush = _ => release.Wait() } };
        var stuck = new FlushAwaited();
        hanging.Append(stuck);
        for (var i = 0; i < 10; i++)
        {
            var waiter = new FlushAwaited();
            new PartitionOnDisk($"good-{i}", committer).Append(waiter);
            Assert.Equal(ErrorCode.None, await waiter.Outcome);
        }

        Assert.False(stuck.Outcome.IsCompleted);
        release.Set();
        Assert.Equal(ErrorCode.None, await stuck.Outcome);
    }

    [Fact]
    public async Task OneFlushServesAllThatGatheredBeforeIt()
    {
        using var committer = new Committer(1, _told.Add);
        var flushes = 0;
        var waiters = new List<FlushAwaited>();
        var partition = new PartitionOnDisk("a", committer);
        partition.Disk.DuringFlush = path =>
        {
            if (!path.EndsWith(".log", StringComparison.Ordinal) || ++flushes > 1)
                return;
            for (var i = 0; i < 50; i++)
            {
                waiters.Add(new FlushAwaited());
                partition.Append(waiters[^1]);
            }
        };
        var first = new FlushAwaited();
        partition.Append(first);
        await first.Outcome;
        await Task.WhenAll(waiters.Select(waiter => waiter.Outcome));
        Assert.Equal(2, flushes);
    }

    [Fact]
    public void WhatIsQueuedIsFlushedBeforeTheEnd()
    {
        var committer = new Committer(2, _told.Add);
        var waiters = new List<FlushAwaited>();
        for (var i = 0; i < 200; i++)
        {
            waiters.Add(new FlushAwaited());
            new PartitionOnDisk($"p{i}", committer).Append(waiters[^1]);
        }

        committer.Dispose();

        Assert.All(waiters, waiter => Assert.True(waiter.Outcome.IsCompletedSuccessfully));
        Assert.Empty(_told);
    }

    /// <summary>Each has a disk of its own, as simulated disks are for one thread.</summary>
    private sealed class PartitionOnDisk
    {
        private readonly Partition _partition;

        public PartitionOnDisk(string topic, Committer committer)
        {
            var id = new TopicPartition(topic, 0);
            var log = PartitionLog.Open(
                Disk, id, LogSettings.Default, LogFixture.Now, new LogOpening(true, Offset.Zero, Offset.Zero));
            _partition = new Partition(id, new Uuid(1, 1), log, committer);
        }

        public SimDisk Disk { get; } = new();

        public void Append(IFlushListener durable) => Assert.Equal(
            ErrorCode.None,
            _partition.Append(LogFixture.Batch(["v"]), AppendOrigin.Client, LogFixture.Now, durable).Error);
    }

    private sealed class FlushAwaited : IFlushListener
    {
        private readonly TaskCompletionSource<ErrorCode> _outcome =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<ErrorCode> Outcome => _outcome.Task;

        public void OnFlushed(ErrorCode error) => _outcome.SetResult(error);
    }
}
