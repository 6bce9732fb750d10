using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Shared.Simulated;

namespace Millrace.Unit.Core.Log;

/// <summary>One log on a simulated disk, with small segments and dense indexes.</summary>
internal sealed class LogFixture
{
    public static readonly TopicPartition Topic = new("orders", 0);
    public static readonly Instant Now = new(1_700_000_000_000);
    public static readonly LogSettings Small = new() { SegmentBytes = 1000, IndexIntervalBytes = 150 };

    public LogFixture(LogSettings? settings = null, SimDisk? disk = null, bool clean = true, long recoveryPoint = 0,
        Offset? gapsBelow = null)
    {
        Disk = disk ?? new SimDisk();
        Log = PartitionLog.Open(
            Disk, Topic, settings ?? Small, Now,
            new LogOpening(clean, new Offset(recoveryPoint), Offset.Zero)
            {
                GapsBelow = gapsBelow,
                Report = Reports.Add,
            });
    }

    /// <summary>What the log told the operator.</summary>
    public List<string> Reports { get; } = [];

    public SimDisk Disk { get; }

    public PartitionLog Log { get; }

    /// <summary>A batch as a producer sends it: one record for each value, one millisecond apart.</summary>
    public static byte[] Batch(
        string[] values, long timestamp = 0, CompressionType codec = CompressionType.None, long producerId = -1,
        short epoch = -1, int sequence = -1)
    {
        using var builder = new RecordBatchBuilder
        {
            Compression = codec,
            ProducerId = producerId,
            ProducerEpoch = epoch,
            BaseSequence = sequence,
        };
        long time = timestamp == 0 ? Now.Milliseconds : timestamp;
        for (int i = 0; i < values.Length; i++)
            builder.Append(time + i, [(byte)'k'], System.Text.Encoding.UTF8.GetBytes(values[i]));
        return builder.Build().ToArray();
    }

    public AppendResult Append(byte[] batch, int epoch = 0) =>
        Log.Append(batch, new LeaderEpoch(epoch), Now, AppendOrigin.VerifiedClient);

    public void Checkpoint() => Log.WriteCheckpoint(Log.BeginCheckpoint()!);

    /// <summary>Appends batches of three records of about 140 bytes each, which must all be taken.</summary>
    public void Fill(int batches)
    {
        for (int i = 0; i < batches; i++)
        {
            long first = Log.LogEndOffset.Value;
            string[] values = [$"v{first}", $"v{first + 1}", $"v{first + 2}"];
            AppendResult result = Append(Batch(values, Now.Milliseconds + first));
            Assert.Equal(ErrorCode.None, result.Error);
            Assert.Equal(first, result.BaseOffset.Value);
        }
    }

    /// <summary>Offset and value of every record from an offset to the end, read slice by slice.</summary>
    public List<(long Offset, string Value)> ReadAll(long from = 0, int maxBytes = 1)
    {
        List<(long Offset, string Value)> all = [];
        var at = new Offset(from);
        while (at < Log.LogEndOffset)
        {
            LogSlice slice = Log.Read(at, maxBytes, Log.LogEndOffset, atLeastOneBatch: true);
            Assert.Equal(ErrorCode.None, slice.Error);
            Assert.True(slice.Length > 0);
            byte[] bytes = new byte[slice.Length];
            slice.CopyTo(bytes);
            foreach (RecordBatch batch in RecordBatch.Enumerate(bytes))
            {
                Assert.True(batch.IsCrcValid);
                Assert.Equal(DecompressOk, BatchRecords.Open(batch, 1 << 20, out BatchRecords opened));
                RecordEnumerator records = batch.Records(opened.Bytes);
                while (records.MoveNext())
                    all.Add((records.Current.Offset, System.Text.Encoding.UTF8.GetString(records.Current.Value)));
                Assert.Null(records.Error);
                at = new Offset(batch.LastOffset + 1);
            }
        }

        return all;
    }

    public void AssertHolds(long records, long from = 0)
    {
        Assert.Equal(records, Log.LogEndOffset.Value);
        Assert.Equal(
            Enumerable.Range((int)from, (int)(records - from)).Select(i => ((long)i, $"v{i}")),
            ReadAll(from).Where(record => record.Offset >= from));
    }

    private const Millrace.Protocol.Records.Compression.DecompressResult DecompressOk =
        Millrace.Protocol.Records.Compression.DecompressResult.Ok;
}
