using System.Buffers;
using Millrace.Core.Controller;
using Millrace.Core.Log;
using Millrace.Core.Log.Segments;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Cluster;

/// <summary>Whose metadata log it is, and when it is shortened.</summary>
internal sealed record MetadataLogOptions(int NodeId)
{
    /// <summary>Up to where the log is known to have been on stable storage: it must not end before.</summary>
    public Offset RecoveryPoint { get; init; }

    /// <summary>metadata.log.max.record.bytes.between.snapshots</summary>
    public long BytesBetweenSnapshots { get; init; } = 20_971_520;

    /// <summary>Takes from a file, by its path in the data directory, the right to be written.</summary>
    public Action<string> MakeReadOnly { get; init; } = _ => { };

    public required Action<string> Log { get; init; }
}

/// <summary>
/// The metadata log of a single node: <c>__cluster_metadata-0</c> in the data directory, with its snapshots, as Kafka's
/// KRaft has them (KIP-595, KIP-630).
/// </summary>
/// <remarks>
/// <para>Owned by the controller shard. 1. What <see cref="TryAppend"/> returned from is on stable storage. 2. Each
/// opening begins a leader epoch that no batch has yet. 3. There is always a whole snapshot at or above the log's
/// start, if that is not 0: the two newest are kept, and the log from the older one on. 4. Only urgent records use the
/// last of what is reserved on the disk ahead of the log's end.</para>
/// </remarks>
internal sealed class LocalMetadataLog : IMetadataLog
{
    public const string Folder = $"{TopicName.ClusterMetadata}-0";

    private const int ChunkBytes = 1 << 20;
    private const int ReservedBytes = 1 << 20;
    private const int BlockBytes = 4096;
    private const int SnapshotsKept = 2;

    public static readonly TopicPartition Partition = new(TopicName.ClusterMetadata, 0);

    private static readonly Uuid TopicId = new(0, 1);
    private static readonly LogSettings Settings = new() { FileDeleteDelayMs = 0 };

    private readonly IDisk _disk;
    private readonly MetadataLogOptions _options;
    private readonly LoadedMetadata _quorum;
    private readonly PartitionLog _log;
    private LeaderEpoch _epoch;
    private long _bytesSinceSnapshot;
    private Segment? _reservedIn;
    private long _reservedTo;
    private List<IMessage> _loaded;

    private LocalMetadataLog(IDisk disk, MetadataLogOptions options, PartitionLog log, LoadedMetadata loaded)
    {
        _disk = disk;
        _options = options;
        _log = log;
        _quorum = loaded;
        _loaded = loaded.Records;
    }

    public LeaderEpoch LeaderEpoch => _epoch;

    public Offset EndOffset => _log.LogEndOffset;

    public Offset FlushedOffset => _log.FlushedOffset;

    public bool IsEmpty { get; private set; }

    /// <summary>Opens or makes the log, and begins a leader epoch in it.</summary>
    /// <exception cref="IOException">The metadata can't be read, is damaged, or is not of a single node.</exception>
    public static LocalMetadataLog Open(IDisk disk, MetadataLogOptions options, Instant now)
    {
        disk.CreateDirectory(Folder);
        var snapshots = MetadataSnapshot.Find(disk);
        if (snapshots.Count == 0 && options.RecoveryPoint <= Offset.Zero && !disk.List(Folder).Any(IsLogFile))
        {
            MetadataSnapshot.Write(
                disk, SnapshotId.Bootstrap, FeaturesImage.OfNewCluster.Records(), new LoadedMetadata(), now);
            options.MakeReadOnly(SnapshotId.Bootstrap.Path);
            snapshots = [SnapshotId.Bootstrap];
        }

        var loaded = NewestSound(disk, snapshots, options.Log, out var snapshot);
        var log = OpenLog(disk, options, snapshot?.EndOffset ?? Offset.Zero, now);
        try
        {
            if (log.LogStartOffset > (snapshot?.EndOffset ?? Offset.Zero))
            {
                throw new IOException(
                    $"{Folder} begins at offset {log.LogStartOffset}, and no sound snapshot of what was before is "
                    + "there: restore the folder from a copy.");
            }

            var opened = new LocalMetadataLog(disk, options, log, loaded);
            opened.ReadLog(snapshot?.EndOffset ?? Offset.Zero);
            opened.BeginEpoch(snapshot?.Epoch ?? LeaderEpoch.Zero, now);
            return opened;
        }
        catch
        {
            log.Close(clean: false);
            throw;
        }
    }

    public IEnumerable<IMessage> ReadAll()
    {
        var records = _loaded;
        _loaded = [];
        return records;
    }

    public bool TryAppend(IReadOnlyList<IMessage> records, Instant now, bool isUrgent)
    {
        using var batch = new RecordBatchBuilder();
        Fill(batch, records, now);
        return TryWrite(batch.Build(), now, isUrgent);
    }

    public void SnapshotIfDue(ClusterImage image, Instant now)
    {
        if (_bytesSinceSnapshot < _options.BytesBetweenSnapshots)
            return;
        _bytesSinceSnapshot = 0;
        try
        {
            var id = new SnapshotId(_log.LogEndOffset, _epoch);
            MetadataSnapshot.Write(_disk, id, image.Records(), _quorum, now);
            _options.MakeReadOnly(id.Path);
            _log.Roll(now);
            DropWhatIsOld(now);
        }
        catch (IOException failure) when (!_log.IsOffline)
        {
            _options.Log($"No snapshot of the metadata could be written, the log goes on growing: {failure.Message}");
        }
    }

    public void Dispose() => _log.Close(clean: true);

    public static void Fill(RecordBatchBuilder batch, IReadOnlyList<IMessage> records, Instant now)
    {
        using var writer = new WireWriter();
        foreach (var record in records)
        {
            writer.Clear();
            MetadataRecord.Write(writer, record);
            batch.Append(new Record
            {
                OffsetDelta = batch.Count,
                Timestamp = now.Milliseconds,
                HasValue = true,
                Value = writer.WrittenSpan,
            });
        }
    }

    private static LoadedMetadata NewestSound(
        IDisk disk, List<SnapshotId> snapshots, Action<string> log, out SnapshotId? found)
    {
        foreach (var id in snapshots.AsEnumerable().Reverse())
        {
            if (MetadataSnapshot.TryRead(disk, id) is { } loaded)
            {
                found = id;
                return loaded;
            }

            log($"The metadata snapshot {id.Path} is damaged: the one before it is used.");
        }

        found = null;
        return new LoadedMetadata();
    }

    /// <summary>
    /// The log is read whole, however it was closed: that is quick, since it begins at a snapshot. One that ends before
    /// the snapshot has nothing to add, and is begun anew behind it.
    /// </summary>
    private static PartitionLog OpenLog(IDisk disk, MetadataLogOptions options, Offset snapshotEnd, Instant now)
    {
        if (MetadataLogCheck.SoundEnd(disk) is var end && Offset.Max(end, snapshotEnd) < options.RecoveryPoint)
        {
            throw new IOException(
                $"{Folder} ends at offset {Offset.Max(end, snapshotEnd)} and had {options.RecoveryPoint}: what is "
                + "missing decided on topics and settings. Restore the folder from a copy. To start without it, delete "
                + $"the line of {TopicName.ClusterMetadata} from {LogCheckpoints.RecoveryPointPath}: folders of topics "
                + "that are not known then are renamed, not deleted.");
        }

        var opening = new LogOpening(CleanlyClosed: false, Offset.Zero, snapshotEnd) { Report = options.Log };
        var log = PartitionLog.Open(disk, Partition, Settings, now, opening with
        {
            LogStartOffset = disk.List(Folder).Any(IsLogFile) ? Offset.Zero : snapshotEnd,
        });
        if (log.LogEndOffset < snapshotEnd)
        {
            log.Close(clean: false);
            foreach (var name in disk.List(Folder).Where(IsLogFile))
                disk.Delete($"{Folder}/{name}");
            disk.FlushDirectory(Folder);
            log = PartitionLog.Open(disk, Partition, Settings, now, opening);
        }

        if (log.TopicId != TopicId)
            log.AssignTopicId(TopicId);
        return log;
    }

    private static bool IsLogFile(string name) =>
        name is "leader-epoch-checkpoint"
        || System.IO.Path.GetExtension(name) is ".log" or ".index" or ".timeindex" or ".txnindex" or ".snapshot";

    private void ReadLog(Offset from)
    {
        var known = _quorum.Records.Count;
        var offset = from;
        while (offset < EndOffset)
        {
            var slice = _log.Read(offset, ChunkBytes, EndOffset, atLeastOneBatch: true);
            if (slice.Error != ErrorCode.None || slice.Length == 0)
                throw new IOException($"{Folder} can't be read at offset {offset}: {slice.Error}.");
            var next = Offset.Zero;
            var chunk = ArrayPool<byte>.Shared.Rent(slice.Length);
            slice.CopyTo(chunk.AsSpan(0, slice.Length));
            foreach (var batch in RecordBatch.Enumerate(chunk.AsSpan(0, slice.Length)))
            {
                if (batch.LastOffset >= offset.Value && !_quorum.TryAdd(batch))
                    throw new IOException($"{Folder} is damaged at offset {batch.BaseOffset}: restore it from a copy.");
                next = new Offset(batch.LastOffset + 1);
            }

            ArrayPool<byte>.Shared.Return(chunk);
            _bytesSinceSnapshot += slice.Length;
            if (next <= offset)
                throw new IOException($"{Folder} is damaged at offset {offset}: restore it from a copy.");
            offset = next;
        }

        IsEmpty = from == Offset.Zero && _quorum.Records.Count == known;
    }

    private void BeginEpoch(LeaderEpoch snapshotEpoch, Instant now)
    {
        var state = QuorumState.Read(_disk);
        int[] voters = _quorum.Voters is { } inLog
            ? [.. inLog.Voters.Select(voter => voter.VoterId)]
            : [.. state?.Voters ?? []];
        if (voters.Any(voter => voter != _options.NodeId))
        {
            throw new UnservableMetadataException(
                $"The metadata quorum has the voters {string.Join(", ", voters)}, and this is node {_options.NodeId}, "
                + "which is alone: reduce the quorum to it before.");
        }

        int[] seen = [state?.Epoch.Value ?? 0, snapshotEpoch.Value, _log.LatestEpoch.Value];
        _epoch = new LeaderEpoch(seen.Max() + 1);
        try
        {
            QuorumState.Write(_disk, _epoch, _options.NodeId, _quorum.KRaftVersion);
        }
        catch (DiskFullException)
        {
            // The batches say the epoch too, and Kafka believes them where the file is behind.
        }

        using var batch = new RecordBatchBuilder { IsControl = true };
        var self = new LeaderChangeMessage.Voter { VoterId = _options.NodeId };
        var change = new LeaderChangeMessage
        {
            LeaderId = _options.NodeId,
            Voters = [self],
            GrantingVoters = [self],
        };

        // Version 0 whatever the quorum's version is: Kafka reads no other.
        ControlRecord.Append(batch, now.Milliseconds, ControlRecordType.LeaderChange, change);
        if (!TryWrite(batch.Build(), now, isUrgent: true))
            throw new IOException("The disk is full: free some space, then start again.");
    }

    private bool TryWrite(Span<byte> batch, Instant now, bool isUrgent)
    {
        if (!TryReserve(batch.Length) && !isUrgent)
            return false;
        var result = _log.Append(batch, _epoch, now, AppendOrigin.Coordinator);
        if (result.Error == ErrorCode.KafkaStorageError && !_log.IsOffline)
            return false;
        if (result.Error != ErrorCode.None)
            throw new IOException(_log.Failure?.Message ?? $"{Folder} refuses records: {result.Error}.");
        if (_log.Flush() != ErrorCode.None)
            throw new IOException(_log.Failure?.Message ?? $"{Folder} can't be flushed.");
        _bytesSinceSnapshot += batch.Length;
        _quorum.LastTimestamp = now.Milliseconds;
        return true;
    }

    /// <summary>Keeps room on the disk for this batch, and behind it for urgent ones.</summary>
    private bool TryReserve(int batchBytes)
    {
        var active = _log.Segments[^1];
        if (active != _reservedIn)
            (_reservedIn, _reservedTo) = (active, 0);
        var needed = (active.Size + batchBytes + ReservedBytes + BlockBytes - 1) / BlockBytes * BlockBytes;
        if (needed <= _reservedTo)
            return true;
        try
        {
            active.File.Reserve(needed);
            _reservedTo = needed;
            return true;
        }
        catch (DiskFullException)
        {
            return false;
        }
    }

    /// <summary>Older snapshots than the kept ones, and the log before the oldest of these.</summary>
    private void DropWhatIsOld(Instant now)
    {
        var snapshots = MetadataSnapshot.Find(_disk);
        if (snapshots.Count < SnapshotsKept)
            return;
        if (_log.AdvanceLogStartOffset(snapshots[^SnapshotsKept].EndOffset))
        {
            _log.DurableStartOffset = _log.LogStartOffset; // the snapshot says so
            _log.DeleteObsolete(now);
        }

        foreach (var old in snapshots[..^SnapshotsKept])
            _disk.Delete(old.Path);
    }
}
