namespace Millrace.Protocol.Records.Compression;

/// <summary>How a decompression ended.</summary>
public enum DecompressResult
{
    Ok,

    /// <summary>The bytes are not a whole stream of the codec.</summary>
    Corrupt,

    /// <summary>The content is longer than the limit.</summary>
    TooLarge,

    /// <summary>A codec number that nobody defined.</summary>
    UnknownCodec,
}

/// <summary>
/// Record sections compressed and decompressed with Kafka's codecs. The libraries' exceptions end here, and output
/// never grows beyond the caller's limit, whatever the input claims.
/// </summary>
public static class Codec
{
    /// <summary>The codec's default level.</summary>
    public const int DefaultLevel = int.MinValue;

    /// <summary>
    /// Decompresses into <paramref name="content"/>, which the caller disposes where the result is Ok.
    /// </summary>
    public static DecompressResult TryDecompress(
        CompressionType type, ReadOnlySpan<byte> source, int limit, out PooledBuffer? content)
    {
        content = null;
        if (type is < CompressionType.None or > CompressionType.Zstd)
            return DecompressResult.UnknownCodec;
        var buffer = new PooledBuffer((int)Math.Min(Math.Max(4L * source.Length, 1024), limit), limit);
        DecompressResult result;
        try
        {
            result = Decompress(type, source, buffer, limit);
        }
        catch (BufferLimitException)
        {
            result = DecompressResult.TooLarge;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Hostile bytes make the libraries throw many types; all of them mean the same here.
            result = DecompressResult.Corrupt;
        }

        if (result == DecompressResult.Ok)
            content = buffer;
        else
            buffer.Dispose();
        return result;
    }

    public static void Compress(CompressionType type, int level, ReadOnlySpan<byte> source, PooledBuffer target)
    {
        switch (type)
        {
            case CompressionType.None:
                target.Write(source);
                break;
            case CompressionType.Gzip:
                GzipCodec.Compress(level, source, target);
                break;
            case CompressionType.Snappy:
                SnappyCodec.Compress(source, target);
                break;
            case CompressionType.Lz4:
                Lz4Codec.Compress(level, source, target);
                break;
            case CompressionType.Zstd:
                ZstdCodec.Compress(level, source, target);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type));
        }
    }

    /// <summary>Copies a decoder's whole output; the buffer's limit ends it.</summary>
    internal static void Drain(Stream decoder, PooledBuffer target)
    {
        while (!target.IsFull)
        {
            int count = decoder.Read(target.GetSpan());
            if (count == 0)
                return;
            target.Advance(count);
        }

        if (decoder.ReadByte() >= 0)
            throw new BufferLimitException();
    }

    private static DecompressResult Decompress(
        CompressionType type, ReadOnlySpan<byte> source, PooledBuffer target, int limit)
    {
        switch (type)
        {
            case CompressionType.None:
                target.Write(source);
                return DecompressResult.Ok;
            case CompressionType.Gzip:
                return GzipCodec.Decompress(source, target);
            case CompressionType.Snappy:
                return SnappyCodec.Decompress(source, target);
            case CompressionType.Lz4:
                return Lz4Codec.Decompress(source, target);
            default:
                return ZstdCodec.Decompress(source, target, limit);
        }
    }
}
