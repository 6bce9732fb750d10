using System.Text;
using Millrace.Core.Log.Cleaner;

namespace Millrace.Unit.Core.Log.Cleaner;

public sealed class OffsetMapTests
{
    [Fact]
    public void TheLastOffsetOfEachKeyIsFoundUpToTheLoadFactor()
    {
        var map = new OffsetMap(1000 * OffsetMap.SlotSize);
        map.Start(5000);
        int count = 0;
        while (map.TryPut(Key(count), count))
            count++;

        Assert.Equal(900, count);
        Assert.Equal(900, map.Count);
        Assert.All(Enumerable.Range(0, count), i => Assert.Equal(i, map.OffsetOf(Key(i))));
        Assert.Equal(-1, map.OffsetOf(Key(count)));
    }

    [Fact]
    public void ALaterOffsetTakesThePlaceOfAnEarlier()
    {
        var map = new OffsetMap(1 << 20);
        map.Start(10);
        Assert.True(map.TryPut("a"u8, 0));
        Assert.True(map.TryPut(""u8, 1));
        Assert.True(map.TryPut("a"u8, 2));

        Assert.Equal(2, map.Count);
        Assert.Equal(2, map.OffsetOf("a"u8));
        Assert.Equal(1, map.OffsetOf(""u8));
    }

    [Fact]
    public void AStartForgetsAndTakesNoMoreMemoryThanTheRecordsNeed()
    {
        var map = new OffsetMap(128 << 20);
        map.Start(100);
        map.TryPut("a"u8, 7);
        map.AdvanceTo(7);
        map.Start(50);

        Assert.Equal(-1, map.OffsetOf("a"u8));
        Assert.Equal(-1, map.LatestOffset);
        Assert.InRange(map.Bytes, 1, 200 * OffsetMap.SlotSize);
        map.Start(long.MaxValue);
        Assert.InRange(map.Bytes, (128 << 20) - OffsetMap.SlotSize, 128 << 20);
        map.Release();
        Assert.Equal(0, map.Bytes);
    }

    /// <summary>From the reference implementation's vectors: key 00..0f, data 00, 01, ... of the length.</summary>
    [Theory]
    [InlineData(0, "a3817f04ba25a8e66df67214c7550293")]
    [InlineData(1, "da87c1d86b99af44347659119b22fc45")]
    [InlineData(8, "3b62a9ba6258f5610f83e264f31497b4")]
    [InlineData(15, "5493e99933b0a8117e08ec0f97cfc3d9")]
    public void TheHashIsSipHash(int length, string expected)
    {
        byte[] data = [.. Enumerable.Range(0, length).Select(i => (byte)i)];
        KeyHash hash = KeyHash.Of(data);
        byte[] bytes = new byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(bytes, hash.First);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), hash.Second);
        Assert.Equal(expected, Convert.ToHexStringLower(bytes));
    }

    private static byte[] Key(int number) => Encoding.UTF8.GetBytes($"key-{number}");
}
