using System.Text;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Shared.Simulated;

namespace Millrace.Unit.Core.Log;

public sealed class LogCheckpointsTests
{
    private const string Path = LogCheckpoints.RecoveryPointPath;

    private readonly LogFixture _fixture = new();

    [Fact]
    public void What_is_flushed_is_written_as_Kafka_does_and_read_again()
    {
        var checkpoints = new LogCheckpoints(_fixture.Disk);
        _fixture.Fill(2);
        _fixture.Checkpoint();
        _fixture.Fill(1);
        _fixture.Log.AdvanceLogStartOffset(new Offset(4));
        checkpoints.Note(_fixture.Log, new Offset(5));
        checkpoints.Write();

        Assert.Equal("0\n1\norders 0 6\n", Text(Path));
        Assert.Equal("0\n1\norders 0 4\n", Text(OffsetCheckpoint.LogStart));
        Assert.Equal("0\n1\norders 0 5\n", Text(OffsetCheckpoint.HighWatermark));
        Assert.Equal((6, 4), Opening(_fixture.Disk.Crash()));
        checkpoints.Forget([LogFixture.Topic]);
        Assert.Equal((0, 0), Opening(_fixture.Disk.Crash()));
    }

    [Fact]
    public void Segments_go_when_the_start_behind_them_is_written_and_do_not_come_back()
    {
        var checkpoints = new LogCheckpoints(_fixture.Disk);
        _fixture.Fill(40);
        _fixture.Checkpoint();
        SimDisk before = _fixture.Disk.Copy();
        long second = _fixture.Log.Segments[1].BaseOffset.Value;
        _fixture.Log.AdvanceLogStartOffset(_fixture.Log.Segments[2].BaseOffset);
        long start = _fixture.Log.LogStartOffset.Value;
        Assert.False(_fixture.Log.DeleteObsolete(Instant.Never));
        checkpoints.Note(_fixture.Log, Offset.Zero);
        checkpoints.Write();
        Assert.True(_fixture.Log.DeleteObsolete(Instant.Never));

        // The deletion of the second segment survives a crash, that of the first does not.
        before.Delete($"orders-0/{second:D20}.log");
        var again = PartitionLog.Open(
            before, LogFixture.Topic, LogFixture.Small, LogFixture.Now,
            new LogOpening(false, new Offset(120), new Offset(start)));
        Assert.Equal(start, again.Segments[0].BaseOffset.Value);
        Assert.Equal(start, again.LogStartOffset.Value);
    }

    [Fact]
    public void A_dropped_segment_that_a_crash_brings_back_has_no_hole()
    {
        _fixture.Fill(2);
        _fixture.Log.Roll(LogFixture.Now);
        _fixture.Log.AdvanceLogStartOffset(_fixture.Log.LogEndOffset);
        _fixture.Fill(2);
        _fixture.Log.Flush();
        new LogFixture(disk: _fixture.Disk.Crash(), clean: false).AssertHolds(12);
    }

    [Fact]
    public void A_full_disk_does_not_wait_for_the_start_to_be_written_and_leaves_no_gap()
    {
        _fixture.Fill(40);
        _fixture.Checkpoint();
        _fixture.Log.AdvanceLogStartOffset(_fixture.Log.Segments[3].BaseOffset);
        _fixture.Disk.IsFull = true;
        long start = _fixture.Log.LogStartOffset.Value;
        List<string> told = [];
        long before = _fixture.Disk.Paths.Sum(path => _fixture.Disk.LengthOf(path));
        Assert.False(_fixture.Log.DeleteObsolete(LogFixture.Now, isDiskFull: true)); // the names stay for a while
        Assert.InRange(_fixture.Disk.Paths.Sum(path => _fixture.Disk.LengthOf(path)), 0, before - 2000);
        PartitionLog again = PartitionLog.Open(
            _fixture.Disk.Crash(), LogFixture.Topic, LogFixture.Small, LogFixture.Now,
            new LogOpening(false, new Offset(120), Offset.Zero) { IsStartKnown = true, Report = told.Add });
        Assert.Equal(start, again.LogStartOffset.Value);
        Assert.Empty(told);
    }

    [Fact]
    public void A_deleted_log_is_not_noted_again()
    {
        var checkpoints = new LogCheckpoints(_fixture.Disk);
        _fixture.Fill(2);
        _fixture.Checkpoint();
        checkpoints.Note(_fixture.Log, new Offset(6));
        _fixture.Log.Delete();
        checkpoints.Forget([LogFixture.Topic]);
        checkpoints.Note(_fixture.Log, new Offset(6));
        checkpoints.Write();
        Assert.Equal((0, 0), Opening(_fixture.Disk.Crash()));
    }

    [Fact]
    public void Nothing_new_is_not_written()
    {
        var checkpoints = new LogCheckpoints(_fixture.Disk);
        checkpoints.Note(_fixture.Log, Offset.Zero);
        checkpoints.Write();
        Assert.False(_fixture.Disk.Exists(Path));
        _fixture.Fill(1);
        _fixture.Checkpoint();
        checkpoints.Note(_fixture.Log, Offset.Zero);
        checkpoints.Write();
        int flushes = _fixture.Disk.Flushes;
        checkpoints.Note(_fixture.Log, Offset.Zero);
        checkpoints.Write();
        Assert.Equal(flushes, _fixture.Disk.Flushes);
    }

    [Fact]
    public void The_point_stays_below_an_epoch_that_is_not_written_yet()
    {
        _fixture.Fill(2);
        _fixture.Checkpoint();
        _fixture.Append(LogFixture.Batch(["a"]), epoch: 1);
        _fixture.Append(LogFixture.Batch(["a"]), epoch: 1);
        _fixture.Log.Flush();
        Assert.Equal(8, _fixture.Log.FlushedOffset.Value);
        Assert.Equal(6, _fixture.Log.RecoveryPoint.Value);
        _fixture.Checkpoint();
        Assert.Equal(8, _fixture.Log.RecoveryPoint.Value);
    }

    [Theory]
    [InlineData(null, null, null)] // a directory of Kafka's, or the file is lost
    [InlineData("damaged", null, null)]
    [InlineData("0\n0\n", null, 0L)]
    [InlineData("0\n1\norders 0 7\n", "0\n1\norders 0 5\n", 7L)]
    [InlineData("0\n1\norders 0 5\n", "0\n1\norders 0 7\n", long.MaxValue)] // Kafka was here in between
    [InlineData(null, "0\n1\norders 0 7\n", long.MaxValue)]
    public void Where_offsets_may_be_missing(string? gaps, string? cleaner, long? below)
    {
        if (gaps is not null)
            _fixture.Disk.SetContent(OffsetCheckpoint.Gaps, Encoding.UTF8.GetBytes(gaps));
        if (cleaner is not null)
            _fixture.Disk.SetContent(OffsetCheckpoint.Cleaner, Encoding.UTF8.GetBytes(cleaner));
        Assert.Equal(
            below, new LogCheckpoints(_fixture.Disk).Opening(LogFixture.Topic, false, _ => { }).GapsBelow?.Value);
    }

    [Fact]
    public void That_there_are_no_gaps_is_written_when_every_log_was_looked_at()
    {
        var checkpoints = new LogCheckpoints(_fixture.Disk);
        checkpoints.NoteGaps(_fixture.Log, new Offset(5));
        checkpoints.Write();
        Assert.False(_fixture.Disk.Exists(OffsetCheckpoint.Gaps));
        checkpoints.KnowGaps();
        checkpoints.Write();
        Assert.Equal("0\n1\norders 0 5\n", Text(OffsetCheckpoint.Gaps));
        checkpoints.Forget([LogFixture.Topic]);
        Assert.Equal("0\n0\n", Text(OffsetCheckpoint.Gaps));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0\n2\norders 0 6\norders")]
    [InlineData("0\n2\norders 0 6\norders 1 -6")]
    [InlineData("0\n3\norders 0 6\n")]
    public void A_damaged_file_counts_as_none(string text)
    {
        _fixture.Disk.SetContent(Path, Encoding.UTF8.GetBytes(text));
        Assert.Equal((0, 0), Opening(_fixture.Disk));
    }

    private string Text(string path) => Encoding.UTF8.GetString(_fixture.Disk.Content(path));

    private static (long RecoveryPoint, long LogStart) Opening(SimDisk disk)
    {
        LogOpening opening = new LogCheckpoints(disk).Opening(LogFixture.Topic, false, _ => { });
        return (opening.RecoveryPoint.Value, opening.LogStartOffset.Value);
    }
}
