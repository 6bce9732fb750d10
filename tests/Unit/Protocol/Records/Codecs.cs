using Millrace.Protocol.Records;
using Millrace.Protocol.Records.Compression;
using Snappier;

namespace Millrace.Unit.Protocol.Records;

public sealed class Codecs
{
    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public void What_is_compressed_comes_back(CompressionType type)
    {
        foreach (int length in (int[])[1, 100, 32 * 1024, 65_536, 65_537, 1_000_000])
        {
            byte[] source = Text(length);
            using var compressed = new PooledBuffer();
            Codec.Compress(type, Codec.DefaultLevel, source, compressed);
            if (length > 1000 && type != CompressionType.None)
                Assert.True(compressed.Length < length / 2);
            Assert.Equal(DecompressResult.Ok, Codec.TryDecompress(type, compressed.Span, 1_000_000, out var content));
            using (content)
                Assert.True(content!.Span.SequenceEqual(source));
        }
    }

    [Theory]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public void Content_beyond_the_limit_is_refused(CompressionType type)
    {
        using var compressed = new PooledBuffer();
        Codec.Compress(type, Codec.DefaultLevel, new byte[1_000_001], compressed);
        Assert.Equal(DecompressResult.TooLarge, Codec.TryDecompress(type, compressed.Span, 1_000_000, out var content));
        Assert.Null(content);
    }

    [Fact]
    public void Snappy_without_frame_is_read()
    {
        byte[] source = Text(100_000);
        Assert.Equal(
            DecompressResult.Ok,
            Codec.TryDecompress(CompressionType.Snappy, Snappy.CompressToArray(source), 1 << 20, out var content));
        using (content)
            Assert.True(content!.Span.SequenceEqual(source));
    }

    [Fact]
    public void A_snappy_block_that_claims_gigabytes_allocates_none()
    {
        byte[] claim = [0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0, 1]; // 2147483647 bytes from 7
        Assert.Equal(DecompressResult.Corrupt, Codec.TryDecompress(CompressionType.Snappy, claim, int.MaxValue, out _));
    }

    private static byte[] Text(int length)
    {
        byte[] text = new byte[length];
        for (int i = 0; i < length; i++)
            text[i] = (byte)('a' + (i * i / 7 % 13));
        return text;
    }
}
