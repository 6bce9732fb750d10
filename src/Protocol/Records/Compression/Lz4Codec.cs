using System.Buffers.Binary;
using K4os.Compression.LZ4;
using K4os.Compression.LZ4.Streams;

namespace Millrace.Protocol.Records.Compression;

/// <summary>
/// LZ4 frames, written as Java does: independent blocks of 64 KiB without checksums. One frame is read; like Kafka's
/// reader this one does not look at what follows.
/// </summary>
internal static class Lz4Codec
{
    private const int BlockSize = 64 * 1024;
    private const uint Magic = 0x184D2204;
    private const int DictionaryFlag = 0x01;
    private const int ContentChecksumFlag = 0x04;
    private const int ContentSizeFlag = 0x08;
    private const int BlockChecksumFlag = 0x10;

    public static unsafe DecompressResult Decompress(ReadOnlySpan<byte> source, PooledBuffer target)
    {
        if (!TryMeasureFrame(source, out int length))
            return DecompressResult.Corrupt;
        fixed (byte* start = source)
        {
            using var input = new UnmanagedMemoryStream(start, length);
            using var decoder = LZ4Stream.Decode(input);
            Codec.Drain(decoder, target);
        }

        return DecompressResult.Ok;
    }

    public static void Compress(int level, ReadOnlySpan<byte> source, PooledBuffer target) =>
        LZ4Frame.Encode(source, target, new LZ4EncoderSettings
        {
            BlockSize = BlockSize,
            ChainBlocks = false,
            CompressionLevel = level is > 9 and <= 12 ? (LZ4Level)level
                : level is >= 3 and <= 9 or > 12 ? LZ4Level.L09_HC : LZ4Level.L00_FAST,
        });

    /// <summary>Finds the end of the first frame by the sizes of its blocks.</summary>
    private static bool TryMeasureFrame(ReadOnlySpan<byte> source, out int length)
    {
        length = 0;
        if (source.Length < 7 || BinaryPrimitives.ReadUInt32LittleEndian(source) != Magic)
            return false;
        byte flags = source[4];
        int checksum = (flags & BlockChecksumFlag) == 0 ? 0 : sizeof(uint);
        long at = 7 + ((flags & ContentSizeFlag) == 0 ? 0 : sizeof(long))
            + ((flags & DictionaryFlag) == 0 ? 0 : sizeof(uint));
        while (at + sizeof(uint) <= source.Length)
        {
            uint block = BinaryPrimitives.ReadUInt32LittleEndian(source[(int)at..]) & int.MaxValue;
            at += sizeof(uint);
            if (block == 0)
            {
                at += (flags & ContentChecksumFlag) == 0 ? 0 : sizeof(uint);
                length = (int)Math.Min(at, source.Length);
                return at <= source.Length;
            }

            at += block + checksum;
        }

        return false;
    }
}
