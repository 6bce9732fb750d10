using System.Buffers.Binary;
using Snappier;

namespace Millrace.Protocol.Records.Compression;

/// <summary>
/// Snappy in its two shapes: one raw block (librdkafka), or snappy-java's frame of a 16-byte header and blocks with a
/// length each (Java). Both are read, the frame is written, since the oldest readers know it alone.
/// </summary>
internal static class SnappyCodec
{
    private const int BlockSize = 32 * 1024;
    private const int HeaderSize = 16;

    private static ReadOnlySpan<byte> Header => [0x82, (byte)'S', (byte)'N', (byte)'A', (byte)'P', (byte)'P',
        (byte)'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1];

    public static DecompressResult Decompress(ReadOnlySpan<byte> source, PooledBuffer target)
    {
        if (source.Length < HeaderSize || !source.StartsWith(Header[..8]))
            return DecompressBlock(source, target);
        source = source[HeaderSize..];
        while (!source.IsEmpty)
        {
            if (source.Length < sizeof(int))
                return DecompressResult.Corrupt;
            int length = BinaryPrimitives.ReadInt32BigEndian(source);
            source = source[sizeof(int)..];
            if (length <= 0 || length > source.Length)
                return DecompressResult.Corrupt;
            DecompressResult result = DecompressBlock(source[..length], target);
            if (result != DecompressResult.Ok)
                return result;
            source = source[length..];
        }

        return DecompressResult.Ok;
    }

    public static void Compress(ReadOnlySpan<byte> source, PooledBuffer target)
    {
        target.Write(Header);
        while (!source.IsEmpty)
        {
            ReadOnlySpan<byte> block = source[..Math.Min(BlockSize, source.Length)];
            Span<byte> room = target.GetSpan(sizeof(int) + Snappy.GetMaxCompressedLength(block.Length));
            int length = Snappy.Compress(block, room[sizeof(int)..]);
            BinaryPrimitives.WriteInt32BigEndian(room, length);
            target.Advance(sizeof(int) + length);
            source = source[block.Length..];
        }
    }

    private static DecompressResult DecompressBlock(ReadOnlySpan<byte> block, PooledBuffer target)
    {
        int length = Snappy.GetUncompressedLength(block);
        if (length < 0 || length / 64 > block.Length) // no element of the format expands further
            return DecompressResult.Corrupt;
        int written = Snappy.Decompress(block, target.GetSpan(length));
        target.Advance(written);
        return written == length ? DecompressResult.Ok : DecompressResult.Corrupt;
    }
}
