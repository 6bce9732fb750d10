using System.Runtime.CompilerServices;
using Millrace.Broker;
using Millrace.Broker.Coordinators;
using Millrace.Broker.Requests;
using Millrace.Core.Log;
using Millrace.Core.Log.Segments;
using Millrace.Core.Transactions;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Simulation.Machine;

/// <summary>A bug that is put between the broker and its disk or its clients, to see that it is found.</summary>
internal enum PlantedBug
{
    None,
    AckBeforeFlush,
    IndexOffByOne,
    TruncateTooLittle,
    CompleteBeforeMarkers,
    AssignBeforeRelease,
    CommitGoesBack,
    RedeliverAccepted,
}

/// <summary>Parts that do a thing wrong, as a wrong line in the log or in a coordinator would.</summary>
internal static class PlantedBugs
{
    private const int LateMs = 20;

    private static readonly ConditionalWeakTable<OffsetIndex, StrongBox<int>> Shifted = [];

    public static IDisk Into(PlantedBug bug, IDisk disk, World world) => bug switch
    {
        PlantedBug.AckBeforeFlush => new WrongDisk(disk, file => new EarlyFlush(file, world)),
        PlantedBug.TruncateTooLittle => new WrongDisk(disk, file => new ShortTruncation(file)),
        _ => disk,
    };

    /// <summary>A transaction is noted as complete while its markers are still on their way.</summary>
    public static Action<TransactionMarkers, int, Action> Into(PlantedBug bug, MarkerWriter markers, ILoop loop) =>
        bug != PlantedBug.CompleteBeforeMarkers
            ? markers.WriteAll
            : (transaction, epoch, done) =>
            {
                loop.Post(done);
                loop.Schedule(loop.Steady + LateMs, () => markers.WriteAll(transaction, epoch, () => { }));
            };

    /// <summary>Handlers that understand a request wrongly.</summary>
    public static Dictionary<ApiKey, RequestHandler> Into(PlantedBug bug, Dictionary<ApiKey, RequestHandler> handlers)
    {
        switch (bug)
        {
            case PlantedBug.AssignBeforeRelease:
                Rewrite<ConsumerGroupHeartbeatRequest>(
                    ApiKey.ConsumerGroupHeartbeat, request => request.TopicPartitions = []);
                break;
            case PlantedBug.CommitGoesBack:
                Rewrite<OffsetCommitRequest>(ApiKey.OffsetCommit, request =>
                {
                    foreach (var partition in request.Topics.SelectMany(topic => topic.Partitions))
                        partition.CommittedOffset = Math.Max(0, partition.CommittedOffset - 1);
                });
                break;
            case PlantedBug.RedeliverAccepted:
                Rewrite<ShareFetchRequest>(ApiKey.ShareFetch, request =>
                {
                    foreach (var batch in request.Topics.SelectMany(topic => topic.Partitions)
                        .SelectMany(partition => partition.AcknowledgementBatches))
                        batch.AcknowledgeTypes = [.. batch.AcknowledgeTypes.Select(ReleaseAccepted)];
                });
                Rewrite<ShareAcknowledgeRequest>(ApiKey.ShareAcknowledge, request =>
                {
                    foreach (var batch in request.Topics.SelectMany(topic => topic.Partitions)
                        .SelectMany(partition => partition.AcknowledgementBatches))
                        batch.AcknowledgeTypes = [.. batch.AcknowledgeTypes.Select(ReleaseAccepted)];
                });
                break;
        }

        return handlers;

        void Rewrite<T>(ApiKey key, Action<T> change)
            where T : IMessage, new() => handlers[key] = new WrongHandler<T>(handlers[key], change);
    }

    private static sbyte ReleaseAccepted(sbyte type) => type == 1 ? (sbyte)2 : type;

    /// <summary>
    /// New entries of the indexes in memory get the position behind their batch, as if they were made after the write.
    /// What stands in index files is of no use here: the log looks at each entry that it reads.
    /// </summary>
    public static void ShiftIndexes(IEnumerable<Segment> active)
    {
        Span<byte> header = stackalloc byte[RecordBatch.HeaderSize];
        foreach (var segment in active)
        {
            var index = segment.Indexes.Offsets;
            var done = Shifted.GetOrCreateValue(index);
            for (; done.Value < index.Count; done.Value++)
            {
                ref var entry = ref Entries(index)[done.Value];
                if (segment.File.Read((uint)entry, header) == header.Length)
                    entry += (uint)RecordBatch.FromHeader(header).SizeInBytes;
            }
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_entries")]
    private static extern ref ulong[] Entries(OffsetIndex index);

    private sealed class WrongHandler<T>(RequestHandler right, Action<T> change) : RequestHandler<T>
        where T : IMessage, new()
    {
        protected override void Handle(PendingRequest pending, T request)
        {
            change(request);
            using var bytes = new WireWriter();
            request.Write(bytes, pending.Version);
            var body = new WireReader(bytes.Written.ToArray());
            right.Handle(pending, ref body);
        }
    }

    private sealed class WrongDisk(IDisk disk, Func<NamedFile, IDiskFile> wrong) : IDisk
    {
        public IDiskFile Open(string path) => wrong(new NamedFile(disk.Open(path), path));

        public bool Exists(string path) => disk.Exists(path);

        public void Delete(string path) => disk.Delete(path);

        public void Rename(string from, string to) => disk.Rename(from, to);

        public void CreateDirectory(string path) => disk.CreateDirectory(path);

        public void DeleteDirectory(string path) => disk.DeleteDirectory(path);

        public IReadOnlyList<string> List(string path) => disk.List(path);

        public void FlushDirectory(string path) => disk.FlushDirectory(path);
    }

    private sealed record NamedFile(IDiskFile File, string Path);

    private abstract class WrongFile(NamedFile file) : IDiskFile
    {
        protected IDiskFile Right => file.File;

        protected string Path => file.Path;

        public long Length => Right.Length;

        public int Read(long position, Span<byte> destination) => Right.Read(position, destination);

        public void Write(long position, ReadOnlySpan<byte> source) => Right.Write(position, source);

        public virtual void Flush() => Right.Flush();

        public virtual void Truncate(long length) => Right.Truncate(length);

        public void Reserve(long length) => Right.Reserve(length);

        public void MoveTo(string path) => Right.MoveTo(path);

        public void Dispose() => Right.Dispose();
    }

    /// <summary>The flush comes a little after its caller was told that it is done.</summary>
    private sealed class EarlyFlush(NamedFile file, World world) : WrongFile(file)
    {
        public override void Flush()
        {
            if (!Path.EndsWith(".log", StringComparison.Ordinal))
            {
                Right.Flush();
                return;
            }

            var broker = world.Broker;
            world.Time.After(world.Scenario.FlushTime(world.Chance), Lane.Flushes, () =>
            {
                if (broker is { IsDead: false })
                    Late();
            });
        }

        private void Late()
        {
            try
            {
                Right.Flush();
            }
            catch (IOException)
            {
                // The file was closed or the disk has failed; nobody waits any more.
            }
        }
    }

    /// <summary>A log file keeps what it should have lost.</summary>
    private sealed class ShortTruncation(NamedFile file) : WrongFile(file)
    {
        public override void Truncate(long length)
        {
            if (!Path.EndsWith(".log", StringComparison.Ordinal))
                Right.Truncate(length);
        }
    }
}
