using Millrace.Core.Log.Verification;
using Millrace.Shared.Simulated;
using Millrace.Unit.Core.Log.Cleaner;

namespace Millrace.Unit.Core.Log;

/// <summary>What a stop in order leaves behind, as <c>log verify</c> and Kafka want it.</summary>
public sealed class CloseTests
{
    private const string First = "orders-0/00000000000000000000";

    [Fact]
    public void A_log_that_was_checkpointed_is_sealed()
    {
        var fixture = new LogFixture();
        fixture.Fill(1);
        fixture.Checkpoint();
        Assert.Equal(0, fixture.Disk.LengthOf(First + ".timeindex"));

        Assert.True(fixture.Log.Close(clean: true));

        Assert.Empty(Verify(fixture.Disk.Crash(), "orders-0"));
    }

    [Fact]
    public void An_empty_segment_has_its_index_files()
    {
        var fixture = new LogFixture();
        fixture.Log.Flush();
        Assert.True(fixture.Log.Close(clean: true));
        Assert.Equal([0, 0], new[] { ".index", ".timeindex" }.Select(suffix => fixture.Disk.LengthOf(First + suffix)));
        Assert.Empty(Verify(fixture.Disk, "orders-0"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(40)]
    public void A_log_that_was_not_touched_is_closed_without_a_write(int batches)
    {
        var fixture = new LogFixture();
        fixture.Fill(batches);
        fixture.Log.Close(clean: true);
        for (int i = 0; i < 2; i++)
        {
            fixture = new LogFixture(disk: fixture.Disk);
            fixture.Disk.FailWrites = fixture.Disk.FailReads = true;
            int flushes = fixture.Disk.Flushes;
            Assert.True(fixture.Log.Close(clean: true));
            Assert.Equal(flushes, fixture.Disk.Flushes);
            fixture.Disk.FailWrites = fixture.Disk.FailReads = false;
        }
    }

    [Fact]
    public void A_segment_that_cleaning_has_emptied_needs_no_time_entry()
    {
        var log = new CleanedLog();
        for (int i = 0; i < 60; i++)
            log.Append(("k", $"v{i}"));
        log.Roll();
        log.Clean();
        log.Log.Close(clean: true);

        Assert.Empty(Verify((SimDisk)log.Disk, "compacted-0"));
    }

    [Fact]
    public void A_log_that_is_not_checkpointed_yet_needs_no_epochs()
    {
        var fixture = new LogFixture();
        fixture.Fill(1);
        fixture.Log.Flush();
        List<Finding> found = [];
        new DirectoryVerifier(fixture.Disk.Crash(), isInUse: false, found.Add, _ => { }).RunPartition("orders-0");
        Assert.DoesNotContain(found, finding => finding.Severity > Severity.Note);
    }

    private static List<Finding> Verify(SimDisk disk, string folder)
    {
        disk.SetContent(".kafka_cleanshutdown", []);
        List<Finding> found = [];
        new DirectoryVerifier(disk, isInUse: false, found.Add, _ => { }).RunPartition(folder);
        return [.. found.Where(finding => finding.Severity > Severity.Note)];
    }
}
