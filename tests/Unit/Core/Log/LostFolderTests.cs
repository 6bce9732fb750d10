using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Shared.Simulated;

namespace Millrace.Unit.Core.Log;

/// <summary>The folder of a partition is gone, and the checkpoints still say how far its log went.</summary>
public sealed class LostFolderTests
{
    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public void The_log_goes_on_at_its_recovery_point_and_says_what_is_missing(bool clean, bool isCompacted)
    {
        var fixture = Reopen(new SimDisk(), clean, isCompacted);

        Assert.StartsWith("orders-0: offsets 0 to 99 are missing", Assert.Single(fixture.Reports));
        Assert.Equal(ErrorCode.CorruptMessage, Read(fixture, 0));
        Assert.Equal(ErrorCode.CorruptMessage, Read(fixture, 99));
        Assert.Equal(100, fixture.Append(LogFixture.Batch(["a"])).BaseOffset.Value);
        Assert.Equal(ErrorCode.None, fixture.Log.Flush());

        var again = Reopen(fixture.Disk.Crash(), clean: false, isCompacted);
        Assert.Equal(101, again.Log.LogEndOffset.Value);
        Assert.Equal(ErrorCode.CorruptMessage, Read(again, 50));
        Assert.Equal(ErrorCode.None, Read(again, 100));
    }

    private static LogFixture Reopen(SimDisk disk, bool clean, bool isCompacted) => new(
        LogFixture.Small with { Compact = isCompacted }, disk, clean, recoveryPoint: 100);

    private static ErrorCode Read(LogFixture fixture, long offset) =>
        fixture.Log.Read(new Offset(offset), 1, fixture.Log.LogEndOffset, atLeastOneBatch: true).Error;
}
