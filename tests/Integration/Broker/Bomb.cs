using System.Buffers.Binary;
using System.IO.Compression;
using System.Numerics;
using System.Text;
using Millrace.Protocol.Records;
using ZstdSharp;

namespace Millrace.Integration.Broker;

/// <summary>A small batch in order but for its one record, which is huge once it is decompressed.</summary>
internal static class Bomb
{
    private const int AttributesAt = 21;
    private const int LengthAt = 8;

    public static byte[] Of(CompressionType codec, int valueBytes)
    {
        using var small = new RecordBatchBuilder();
        small.Append(timestamp: 0, "key"u8, "value"u8);
        using var content = new MemoryStream();
        content.Write(small.Build()[..RecordBatch.HeaderSize]);
        using (var compressor = Compressor(codec, content))
            WriteRecord(compressor, valueBytes);
        var batch = content.ToArray();
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(LengthAt), batch.Length - RecordBatch.Overhead);
        BinaryPrimitives.WriteInt16BigEndian(batch.AsSpan(AttributesAt), (short)codec);
        RecordBatchHeader.UpdateCrc(batch);
        return batch;
    }

    private static Stream Compressor(CompressionType codec, Stream target) => codec == CompressionType.Gzip
        ? new GZipStream(target, CompressionLevel.Optimal, leaveOpen: true)
        : new CompressionStream(target, leaveOpen: true);

    private static void WriteRecord(Stream target, int valueBytes)
    {
        const int FixedBytes = 5; // attributes, deltas of timestamp and offset, no key, no headers
        const byte NoKey = 1;
        var sizeBytes = BitOperations.Log2(2 * (uint)valueBytes) / 7 + 1;
        using var writer = new BinaryWriter(target, Encoding.UTF8, leaveOpen: true);
        writer.Write7BitEncodedInt64(2L * (FixedBytes + sizeBytes + valueBytes));
        writer.Write([0, 0, 0, NoKey]);
        writer.Write7BitEncodedInt64(2L * valueBytes);
        var zeros = new byte[1 << 20];
        for (var left = valueBytes + 1; left > 0; left -= zeros.Length)
            writer.Write(zeros, 0, Math.Min(left, zeros.Length));
    }
}
