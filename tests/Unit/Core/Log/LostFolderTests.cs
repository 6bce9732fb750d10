using Millrace.Core.Log;
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
        var fixture = Reopen(new SimDisk(), clean, isCompacted, gapsBelow: new Offset(100));

        Assert.StartsWith("orders-0: offsets 0 to 99 are missing", Assert.Single(fixture.Reports));
        Assert.Equal(ErrorCode.CorruptMessage, Read(fixture, 0));
        Assert.Equal(ErrorCode.CorruptMessage, Read(fixture, 99));
        Assert.Equal(100, fixture.Append(LogFixture.Batch(["a"])).BaseOffset.Value);
        Assert.Equal(ErrorCode.None, fixture.Log.Flush());

        var again = Reopen(fixture.Disk.Crash(), clean: false, isCompacted, fixture.Log.GapsBelow);
        Assert.Equal(101, again.Log.LogEndOffset.Value);
        Assert.All(again.Reports, line => Assert.Contains("offsets 0 to 99 are missing", line));
        Assert.Equal(ErrorCode.CorruptMessage, Read(again, 50));
        Assert.Equal(ErrorCode.None, Read(again, 100));
    }

    /// <summary>The operator has given up what is missing.</summary>
    [Fact]
    public void The_log_may_be_told_to_start_where_it_goes_on()
    {
        List<string> told = [];
        PartitionLog log = PartitionLog.Open(
            new SimDisk(), LogFixture.Topic, LogFixture.Small, LogFixture.Now,
            new LogOpening(true, new Offset(100), new Offset(100)) { IsStartKnown = true, Report = told.Add });
        Assert.Empty(told);
        Assert.Equal((100, 100), (log.LogStartOffset.Value, log.LogEndOffset.Value));
    }

    private static LogFixture Reopen(SimDisk disk, bool clean, bool isCompacted, Offset gapsBelow) => new(
        LogFixture.Small with { Compact = isCompacted }, disk, clean, recoveryPoint: 100, gapsBelow);

    private static ErrorCode Read(LogFixture fixture, long offset) =>
        fixture.Log.Read(new Offset(offset), 1, fixture.Log.LogEndOffset, atLeastOneBatch: true).Error;
}
