using System.Text;
using Millrace.Protocol.Records;

namespace Millrace.Unit.Protocol.Records;

public sealed class Checksums
{
    [Theory]
    [InlineData("", 0u)]
    [InlineData("123456789", 0xE3069283u)] // the check value of CRC-32C
    [InlineData("a", 0xC1D04330u)]
    public void Known_values(string text, uint expected) =>
        Assert.Equal(expected, Crc32C.Compute(Encoding.ASCII.GetBytes(text)));

    /// <summary>RFC 3720, B.4.</summary>
    [Fact]
    public void Values_of_the_iSCSI_standard()
    {
        Assert.Equal(0x8A9136AAu, Crc32C.Compute(new byte[32]));
        Assert.Equal(0x62A8AB43u, Crc32C.Compute(Enumerable.Repeat((byte)0xFF, 32).ToArray()));
        Assert.Equal(0x46DD794Eu, Crc32C.Compute(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray()));
    }

    /// <summary>Lengths about every border of the three-stream loops, at every alignment of the start.</summary>
    [Fact]
    public void The_fast_way_equals_the_plain_one()
    {
        byte[] data = new byte[3 * 6144 + 64];
        uint state = 1;
        for (int i = 0; i < data.Length; i++)
            data[i] = (byte)((state = state * 1664525 + 1013904223) >> 24);
        int[] borders = [0, 8, 768, 2 * 768, 6144, 6144 + 768, 2 * 6144, 3 * 6144];
        foreach (int length in borders.SelectMany(border => Enumerable.Range(border, 18)))
        {
            for (int start = 0; start < 8; start++)
            {
                ReadOnlySpan<byte> part = data.AsSpan(start, length);
                uint plain = ~Crc32C.AppendTable(~0u, part);
                Assert.Equal(plain, Crc32C.Compute(part));
                Assert.Equal(plain, Crc32C.Append(Crc32C.Compute(part[..(length / 3)]), part[(length / 3)..]));
            }
        }
    }
}
