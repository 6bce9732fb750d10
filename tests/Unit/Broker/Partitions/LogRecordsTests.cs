using System.Buffers.Binary;
using Millrace.Broker.Partitions;
using Millrace.Core.Log;
using Millrace.Unit.Core.Log;

namespace Millrace.Unit.Broker.Partitions;

public sealed class LogRecordsTests
{
    [Fact]
    public void ALogWhoseOffsetsGoBackEndsTheReplay()
    {
        const string Path = "orders-0/00000000000000000000.log";
        var fixture = new LogFixture(LogSettings.Default);
        fixture.Fill(3);
        var content = fixture.Disk.Content(Path);
        BinaryPrimitives.WriteInt64BigEndian(content.AsSpan(content.Length / 3 * 2), 0);
        var replayed = 0;

        var failure = Assert.Throws<IOException>(() => LogRecords.Replay(
            fixture.Log, (_, _) => Assert.True(++replayed < 100, "The replay goes on for ever.")));

        Assert.Contains("orders-0 is damaged at offset 3", failure.Message, StringComparison.Ordinal);
    }
}
