using System.Buffers.Binary;
using System.Text;
using Millrace.Core.Controller;
using Millrace.Core.Log.Segments;
using Millrace.Core.Log.Verification;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;
using Millrace.Shared.Simulated;

namespace Millrace.Unit.Core.Log.Verification;

/// <summary>
/// A data directory that was closed in order, with one partition of three segments: plain and idempotent batches, a
/// transaction that was aborted and one that was committed, two leader epochs. Tests damage it.
/// </summary>
internal sealed class SealedDirectory
{
    public const string Folder = "orders-0";
    public const long Time = 1_700_000_000_000;
    public const long End = 27;

    public static readonly long[] Bases = [0, 12, 21];

    private static readonly Uuid TopicId = new(0x1234, 0x5678);

    private readonly List<(string Path, int Position, int Size)> _batches = [];

    public SealedDirectory(string? policy = "delete")
    {
        Disk.CreateDirectory(Folder);
        WriteSegment(0,
            Data(0), Data(3, producer: 7, sequence: 0), Data(6, 2, producer: 9, sequence: 0, isTransactional: true),
            Data(8, producer: 7, sequence: 3), Marker(11, 9, ControlRecord.Abort));
        WriteSegment(12,
            Data(12, producer: 7, sequence: 6, codec: CompressionType.Gzip),
            Data(15, 2, producer: 9, sequence: 2, isTransactional: true), Marker(17, 9, ControlRecord.Commit),
            Data(18, epoch: 1));
        WriteSegment(21, Data(21, epoch: 1), Data(24, producer: 7, sequence: 9, epoch: 1));
        Disk.SetContent(Path(0, ".txnindex"), TransactionIndex.Encode([new AbortedTransaction(9, 6, 11, 12)]));
        WriteSnapshot(12, new Said(7, 5, 10, 2, Time + 10, -1, -1), new Said(9, 1, 7, 1, Time + 11, 4, -1));
        WriteSnapshot(21, new Said(7, 8, 14, 2, Time + 14, -1, -1), new Said(9, 3, 16, 1, Time + 17, 4, -1));
        WriteSnapshot(27, new Said(7, 11, 26, 2, Time + 26, -1, -1), new Said(9, 3, 16, 1, Time + 17, 4, -1));
        SetText($"{Folder}/leader-epoch-checkpoint", "0\n2\n0 0\n1 18\n");
        SetText($"{Folder}/partition.metadata", $"version: 0\ntopic_id: {TopicId}");
        SetText("meta.properties", $"version=1\nnode.id=1\ncluster.id={TopicId}\ndirectory.id={TopicId}\n");
        SetText(".kafka_cleanshutdown", "{}");
        SetText("recovery-point-offset-checkpoint", $"0\n1\norders 0 {End}\n");
        SetText("replication-offset-checkpoint", $"0\n1\norders 0 {End}\n");
        SetText("log-start-offset-checkpoint", "0\n0\n");
        SetText("cleaner-offset-checkpoint", policy == "compact" ? $"0\n1\norders 0 {End}\n" : "0\n0\n");
        if (policy is not null)
            WriteMetadata(policy);
    }

    public SimDisk Disk { get; } = new();

    /// <summary>The batches of the partition, in order.</summary>
    public int BatchCount => _batches.Count;

    public static string Path(long baseOffset, string suffix) => $"{Folder}/{baseOffset:D20}{suffix}";

    public void SetText(string path, string text) => Disk.SetContent(path, Encoding.UTF8.GetBytes(text));

    public void Edit(string path, Func<byte[], byte[]> change) =>
        Disk.SetContent(path, change([.. Disk.Content(path)]));

    public void Flip(string path, int at, int bit = 0) => Edit(path, content =>
    {
        content[at] ^= (byte)(1 << bit);
        return content;
    });

    public int PositionOf(int batch) => _batches[batch].Position;

    /// <summary>Changes a batch in place and makes its checksum right again.</summary>
    public void Change(int batch, Action<byte[]> change, bool makeCrc = true)
    {
        (string path, int position, int size) = _batches[batch];
        Edit(path, content =>
        {
            byte[] bytes = content[position..(position + size)];
            change(bytes);
            if (makeCrc)
                RecordBatchHeader.UpdateCrc(bytes);
            bytes.CopyTo(content, position);
            return content;
        });
    }

    /// <summary>Puts another batch in the place of one; the index files follow.</summary>
    public void Replace(int batch, byte[] with) => Rebuild(batch, [with]);

    public void Remove(int batch) => Rebuild(batch, []);

    public byte[] Content(int batch) =>
        Disk.Content(_batches[batch].Path)[_batches[batch].Position..(_batches[batch].Position + _batches[batch].Size)];

    public List<Finding> Verify(bool isInUse = false)
    {
        var findings = new List<Finding>();
        new DirectoryVerifier(Disk, isInUse, findings.Add, _ => { }).RunAll();
        return findings;
    }

    public static byte[] Data(
        long baseOffset, int count = 3, long producer = -1, int sequence = -1, int epoch = 0,
        bool isTransactional = false, CompressionType codec = CompressionType.None)
    {
        using var builder = new RecordBatchBuilder
        {
            BaseOffset = baseOffset,
            PartitionLeaderEpoch = epoch,
            ProducerId = producer,
            ProducerEpoch = (short)(producer < 0 ? -1 : 0),
            BaseSequence = sequence,
            IsTransactional = isTransactional,
            Compression = codec,
        };
        for (int i = 0; i < count; i++)
        {
            long offset = baseOffset + i;
            builder.Append(Time + offset, [(byte)'k', (byte)i], Encoding.UTF8.GetBytes($"value {offset}"));
        }

        return builder.Build().ToArray();
    }

    public static byte[] Marker(long offset, long producer, int type, short producerEpoch = 0)
    {
        using var builder = new RecordBatchBuilder
        {
            BaseOffset = offset,
            PartitionLeaderEpoch = 0,
            ProducerId = producer,
            ProducerEpoch = producerEpoch,
            IsTransactional = true,
            IsControl = true,
        };
        builder.Append(Time + offset, [0, 0, 0, (byte)type], [0, 0, 0, 0, 0, 4]);
        return builder.Build().ToArray();
    }

    public void WriteSnapshot(long offset, params ReadOnlySpan<Said> producers)
    {
        byte[] file = new byte[10 + (46 * producers.Length)];
        BinaryPrimitives.WriteInt16BigEndian(file, 1);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(6), producers.Length);
        for (int i = 0; i < producers.Length; i++)
        {
            Span<byte> entry = file.AsSpan(10 + (46 * i));
            BinaryPrimitives.WriteInt64BigEndian(entry, producers[i].Producer);
            BinaryPrimitives.WriteInt16BigEndian(entry[8..], producers[i].Epoch);
            BinaryPrimitives.WriteInt32BigEndian(entry[10..], producers[i].Sequence);
            BinaryPrimitives.WriteInt64BigEndian(entry[14..], producers[i].Offset);
            BinaryPrimitives.WriteInt32BigEndian(entry[22..], producers[i].Delta);
            BinaryPrimitives.WriteInt64BigEndian(entry[26..], producers[i].Timestamp);
            BinaryPrimitives.WriteInt32BigEndian(entry[34..], producers[i].Coordinator);
            BinaryPrimitives.WriteInt64BigEndian(entry[38..], producers[i].TransactionStart);
        }

        BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(2), Crc32C.Compute(file.AsSpan(6)));
        Disk.SetContent(Path(offset, ".snapshot"), file);
    }

    private void Rebuild(int batch, byte[][] with)
    {
        string path = _batches[batch].Path;
        var contents = new List<byte[]>();
        for (int i = 0; i < _batches.Count; i++)
        {
            if (i == batch)
                contents.AddRange(with);
            else if (_batches[i].Path == path)
                contents.Add(Content(i));
        }

        long baseOffset = Bases.Single(offset => Path(offset, ".log") == path);
        int at = _batches.FindIndex(b => b.Path == path);
        (string, int, int)[] behind = [.. _batches.Skip(at).Where(b => b.Path != path)];
        _batches.RemoveRange(at, _batches.Count - at);
        WriteSegment(baseOffset, [.. contents]);
        _batches.AddRange(behind);
    }

    private void WriteSegment(long baseOffset, params byte[][] batches)
    {
        var log = new List<byte>();
        var offsets = new OffsetIndex();
        var times = new TimeIndex();
        long greatest = -1;
        foreach (byte[] bytes in batches)
        {
            RecordBatch batch = RecordBatch.FromHeader(bytes);
            int relative = (int)(batch.LastOffset - baseOffset);
            _batches.Add((Path(baseOffset, ".log"), log.Count, bytes.Length));
            if (log.Count > 0)
                offsets.Append(relative, log.Count);
            if (batch.MaxTimestamp > greatest)
                times.MaybeAppend(greatest = batch.MaxTimestamp, relative);
            log.AddRange(bytes);
        }

        Disk.SetContent(Path(baseOffset, ".log"), [.. log]);
        Disk.SetContent(Path(baseOffset, ".index"), offsets.Encode(0, offsets.Count));
        Disk.SetContent(Path(baseOffset, ".timeindex"), times.Encode(0, times.Count));
    }

    private void WriteMetadata(string policy)
    {
        using var builder = new RecordBatchBuilder { PartitionLeaderEpoch = 0 };
        var writer = new WireWriter();
        foreach (IMessage message in (IMessage[])
            [
                new TopicRecord { Name = "orders", TopicId = TopicId },
                new ConfigRecord { ResourceType = 2, ResourceName = "orders", Name = "cleanup.policy", Value = policy },
            ])
        {
            writer.Clear();
            MetadataRecord.Write(writer, message);
            builder.AppendNullable(Time, null, writer.Written.ToArray());
        }

        const string folder = TopicFacts.MetadataFolder;
        Disk.CreateDirectory(folder);
        Disk.SetContent($"{folder}/{0:D20}.log", builder.Build().ToArray());
        Disk.SetContent($"{folder}/{0:D20}.index", []);
        Disk.SetContent($"{folder}/{0:D20}.timeindex", TimeEntry(Time, 1));
        SetText($"{folder}/leader-epoch-checkpoint", "0\n1\n0 0\n");
    }

    private static byte[] TimeEntry(long timestamp, int relative)
    {
        var times = new TimeIndex();
        times.MaybeAppend(timestamp, relative);
        return times.Encode(0, times.Count);
    }

    /// <summary>A producer as a snapshot names it.</summary>
    public readonly record struct Said(
        long Producer, int Sequence, long Offset, int Delta, long Timestamp, int Coordinator, long TransactionStart,
        short Epoch = 0);
}
