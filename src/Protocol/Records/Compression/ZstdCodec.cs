using ZstdSharp;
using ZstdSharp.Unsafe;

namespace Millrace.Protocol.Records.Compression;

/// <summary>
/// Zstandard frames, with or without content size. The whole input is decoded into one buffer, so no window is
/// allocated whose size an attacker chose; where the content size is unknown the buffer doubles until it fits.
/// </summary>
internal static class ZstdCodec
{
    private const int KafkaDefaultLevel = 3;

    [ThreadStatic]
    private static Decompressor? s_decompressor;

    public static DecompressResult Decompress(ReadOnlySpan<byte> source, PooledBuffer target, int limit)
    {
        if (source.IsEmpty)
            return DecompressResult.Ok; // an empty stream, for zstd alone
        Decompressor decompressor = s_decompressor ??= new Decompressor();
        int size = Math.Min(limit, Math.Max(4 * Math.Min(source.Length, limit / 4), 64 * 1024));
        while (true)
        {
            Span<byte> room = target.GetSpan(size);
            if (room.Length > limit)
                room = room[..limit];
            try
            {
                target.Advance(decompressor.Unwrap(source, room));
                return DecompressResult.Ok;
            }
            catch (ZstdException e) when (e.Code == ZSTD_ErrorCode.ZSTD_error_dstSize_tooSmall)
            {
                if (room.Length >= limit)
                    return DecompressResult.TooLarge;
                size = (int)Math.Min(limit, 2L * room.Length);
            }
        }
    }

    public static void Compress(int level, ReadOnlySpan<byte> source, PooledBuffer target)
    {
        using var compressor = new Compressor(level == Codec.DefaultLevel ? KafkaDefaultLevel : level);
        Span<byte> room = target.GetSpan(Compressor.GetCompressBound(source.Length));
        target.Advance(compressor.Wrap(source, room));
    }
}
