using System.Buffers.Binary;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Protocol.Wire;

public sealed class WireReaderTests
{
    [Theory]
    [InlineData(20_000, 1, true)]
    [InlineData(50_000, 1, false)]
    [InlineData(100_000, 2, true)]
    [InlineData(500_000, 4, true)]
    [InlineData(500_001, 4, false)]
    [InlineData(500_001, 40, false)]
    public void ARequestMayHaveElementsByItsBytes(int count, int bytesEach, bool isTaken)
    {
        var frame = new byte[sizeof(int) + count * bytesEach];
        BinaryPrimitives.WriteInt32BigEndian(frame, count);
        Assert.Equal(isTaken, IsTaken(frame));
    }

    private static bool IsTaken(byte[] frame)
    {
        var reader = new WireReader(frame, elements: WireReader.ElementsOfRequest(frame.Length));
        try
        {
            reader.ArrayCount(flexible: false, allowNull: false);
            return true;
        }
        catch (MalformedFrameException)
        {
            return false;
        }
    }
}
