using System.IO.Compression;

namespace Millrace.Protocol.Records.Compression;

/// <summary>Ordinary gzip streams.</summary>
internal static class GzipCodec
{
    public static unsafe DecompressResult Decompress(ReadOnlySpan<byte> source, PooledBuffer target)
    {
        if (source.IsEmpty)
            return DecompressResult.Corrupt;
        fixed (byte* start = source)
        {
            using var input = new UnmanagedMemoryStream(start, source.Length);
            using var decoder = new GZipStream(input, CompressionMode.Decompress);
            Codec.Drain(decoder, target);
        }

        return DecompressResult.Ok;
    }

    public static void Compress(int level, ReadOnlySpan<byte> source, PooledBuffer target)
    {
        var options = new ZLibCompressionOptions { CompressionLevel = level is >= 0 and <= 9 ? level : -1 };
        using var output = new BufferStream(target);
        using var encoder = new GZipStream(output, options);
        encoder.Write(source);
    }
}
