using K4os.Compression.LZ4;
using K4os.Compression.LZ4.Streams;

namespace Millrace.Protocol.Records.Compression;

/// <summary>LZ4 frames, written as Java does: independent blocks of 64 KiB without checksums.</summary>
internal static class Lz4Codec
{
    private const int BlockSize = 64 * 1024;

    public static unsafe DecompressResult Decompress(ReadOnlySpan<byte> source, PooledBuffer target)
    {
        if (source.IsEmpty)
            return DecompressResult.Corrupt;
        fixed (byte* start = source)
        {
            using var input = new UnmanagedMemoryStream(start, source.Length);
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
}
