using Millrace.Broker.Io;
using Millrace.Broker.Partitions;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Core.Log;

/// <summary>What every batch passes through leaves nothing for the garbage collector.</summary>
public sealed class AllocationTests : IDisposable
{
    private const int Batches = 200;

    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-allocation-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void An_append_and_its_flush_allocate_nothing()
    {
        var queue = new NoQueue();
        var disk = new FailStopDisk(new FileDisk(_folder), _folder);
        var settings = new LogSettings { IndexIntervalBytes = 64 << 20 }; // an index grows, now and then
        PartitionLog log = PartitionLog.Open(
            disk, LogFixture.Topic, settings, LogFixture.Now, new LogOpening(true, Offset.Zero, Offset.Zero));
        var partition = new Partition(LogFixture.Topic, new Uuid(1, 1), log, queue) { LeaderEpoch = new(0) };
        byte[] batch = LogFixture.Batch(["v", "w", "x"], LogFixture.Now.Milliseconds);
        for (int i = 0; i < Batches; i++)
            AppendAndFlush(partition, batch, queue);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Batches; i++)
            AppendAndFlush(partition, batch, queue);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(2 * Batches, queue.Flushed);
        log.Close(clean: false);
    }

    private static void AppendAndFlush(Partition partition, byte[] batch, NoQueue queue)
    {
        RecordBatchHeader.SetBaseOffset(batch, 0); // the log has stamped its own
        AppendResult result = partition.Append(batch, AppendOrigin.Client, LogFixture.Now, queue);
        Assert.True(result.Error == ErrorCode.None);
        partition.Flush();
    }

    private sealed class NoQueue : IFlushQueue, IFlushListener
    {
        public int Flushed { get; private set; }

        public void Enqueue(Partition partition)
        {
            // The test flushes.
        }

        public void OnFlushed(ErrorCode error) => Flushed++;
    }
}
