using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Core.Log;

public sealed class PartitionLogTests
{
    [Fact]
    public void What_is_appended_is_read_across_segments()
    {
        var fixture = new LogFixture();
        fixture.Fill(40);
        Assert.True(fixture.Log.Segments.Count > 3);
        fixture.AssertHolds(120);
        foreach (int maxBytes in (int[])[1, 200, 333, 5000])
            Assert.Equal(120, fixture.ReadAll(0, maxBytes).Count);
        for (int from = 0; from < 120; from++)
            fixture.AssertHolds(120, from);
    }

    [Fact]
    public void A_slice_is_whole_batches_below_the_bounds()
    {
        var fixture = new LogFixture(LogFixture.Small with { SegmentBytes = 1 << 20 });
        fixture.Fill(50);
        int batchSize = (int)fixture.Log.SizeInBytes / 50;
        for (int bound = 1; bound <= 150; bound++)
        {
            LogSlice slice = fixture.Log.Read(Offset.Zero, int.MaxValue, new Offset(bound), atLeastOneBatch: true);
            Assert.Equal(bound / 3, slice.Length / batchSize, tolerance: 1);
            byte[] bytes = new byte[slice.Length];
            slice.CopyTo(bytes);
            long end = 0;
            RecordBatches walk = RecordBatch.Enumerate(bytes);
            while (walk.MoveNext())
                end = walk.Current.LastOffset + 1;
            Assert.Equal(0, walk.Rest.Length);
            Assert.Equal(bound / 3 * 3, end);
        }

        Assert.Equal(0, fixture.Log.Read(Offset.Zero, 10, fixture.Log.LogEndOffset, false).Length);
        Assert.True(fixture.Log.Read(Offset.Zero, 10, fixture.Log.LogEndOffset, true).Length > 10);
        Assert.Equal(ErrorCode.OffsetOutOfRange, fixture.Log.Read(new Offset(151), 10, Offset.Zero, true).Error);
        Assert.Equal(ErrorCode.OffsetOutOfRange, fixture.Log.Read(new Offset(-1), 10, Offset.Zero, true).Error);
        Assert.Equal(LogSlice.Empty, fixture.Log.Read(new Offset(150), 10, fixture.Log.LogEndOffset, true));
    }

    [Fact]
    public void Records_are_found_by_time()
    {
        foreach (CompressionType codec in Enum.GetValues<CompressionType>())
        {
            var fixture = new LogFixture();
            long start = LogFixture.Now.Milliseconds;
            for (int i = 0; i < 60; i++)
                fixture.Append(LogFixture.Batch(["a", "b"], start + (10 * i), codec));
            for (int i = 0; i < 60; i++)
            {
                Assert.Equal(
                    new TimestampOffset(new Offset(2 * i), start + (10 * i), LeaderEpoch.Zero),
                    fixture.Log.OffsetForTimestamp(start + (10 * i) - 8));
                Assert.Equal(new Offset((2 * i) + 1), fixture.Log.OffsetForTimestamp(start + (10 * i) + 1).Offset);
            }

            Assert.Equal(TimestampOffset.None, fixture.Log.OffsetForTimestamp(start + 592));
            Assert.Equal(
                new TimestampOffset(new Offset(119), start + 591, LeaderEpoch.Zero), fixture.Log.MaxTimestampOffset());
        }
    }

    [Fact]
    public void Time_may_run_backwards()
    {
        var fixture = new LogFixture();
        long start = LogFixture.Now.Milliseconds;
        for (int i = 0; i < 60; i++)
            fixture.Append(LogFixture.Batch(["a"], start + (i * 37 % 60)));
        for (int t = 0; t < 60; t++)
        {
            int expected = Enumerable.Range(0, 60).First(i => i * 37 % 60 >= t);
            Assert.Equal(expected, fixture.Log.OffsetForTimestamp(start + t).Offset.Value);
        }

        Assert.Equal(start + 59, fixture.Log.MaxTimestampOffset().Timestamp);
    }

    [Fact]
    public void Epochs_end_where_the_next_begins()
    {
        var fixture = new LogFixture();
        foreach (int epoch in (int[])[2, 2, 5, 9])
            fixture.Append(LogFixture.Batch(["a", "b"]), epoch);
        void Ends(int asked, int epoch, long end) => Assert.Equal(
            new EpochEndOffset(new LeaderEpoch(epoch), new Offset(end)),
            fixture.Log.EndOffsetForEpoch(new LeaderEpoch(asked)));
        Ends(1, 1, 0);
        Ends(2, 2, 4);
        Ends(4, 2, 4);
        Ends(5, 5, 6);
        Ends(9, 9, 8);
        Ends(10, -1, -1);
        Assert.True(fixture.Log.Close(clean: true));
        var again = new LogFixture(disk: fixture.Disk);
        Assert.Equal(new LeaderEpoch(9), again.Log.LatestEpoch);
        Assert.Equal(new Offset(4), again.Log.EndOffsetForEpoch(new LeaderEpoch(2)).EndOffset);
    }

    [Fact]
    public void A_failed_flush_takes_the_log_offline_for_good()
    {
        var fixture = new LogFixture();
        fixture.Fill(1);
        Assert.Equal(ErrorCode.None, fixture.Log.Flush());
        fixture.Fill(1);
        fixture.Disk.FailFlushes = true;
        Assert.Equal(ErrorCode.KafkaStorageError, fixture.Log.Flush());
        fixture.Disk.FailFlushes = false;
        int flushes = fixture.Disk.Flushes;
        Assert.Equal(ErrorCode.KafkaStorageError, fixture.Log.Flush());
        Assert.Equal(flushes, fixture.Disk.Flushes);
        Assert.Equal(3, fixture.Log.FlushedOffset.Value);
        Assert.Equal(ErrorCode.KafkaStorageError, fixture.Append(LogFixture.Batch(["a"])).Error);
        Assert.Equal(ErrorCode.KafkaStorageError, fixture.Log.Read(Offset.Zero, 1, new Offset(6), true).Error);
        Assert.False(fixture.Log.Close(clean: true));
    }

    [Fact]
    public void A_failed_write_takes_the_log_offline()
    {
        var fixture = new LogFixture();
        fixture.Disk.FailWrites = true;
        Assert.Equal(ErrorCode.KafkaStorageError, fixture.Append(LogFixture.Batch(["a"])).Error);
        Assert.True(fixture.Log.IsOffline);
    }

    [Fact]
    public void Nothing_new_costs_no_flush()
    {
        var fixture = new LogFixture();
        fixture.Fill(1);
        fixture.Log.Flush();
        int flushes = fixture.Disk.Flushes;
        fixture.Log.Flush();
        Assert.Equal(flushes, fixture.Disk.Flushes);
        fixture.Fill(1);
        fixture.Log.Flush();
        Assert.Equal(flushes + 1, fixture.Disk.Flushes);
    }

    [Fact]
    public void Segments_roll_by_time_and_by_full_index()
    {
        var byTime = new LogFixture(LogFixture.Small with { SegmentMs = 1000 });
        foreach (int second in (int[])[0, 1, 2, 4])
            byTime.Append(LogFixture.Batch(["a"], LogFixture.Now.Milliseconds + (second * 1000)));
        Assert.Equal([0, 2, 3], byTime.Log.Segments.Select(segment => (int)segment.BaseOffset.Value));

        var byIndex = new LogFixture(
            LogFixture.Small with { SegmentBytes = 1 << 20, SegmentIndexBytes = 24, IndexIntervalBytes = 1 });
        byIndex.Fill(10);
        Assert.True(byIndex.Log.Segments.Count > 3);
        byIndex.AssertHolds(30);
    }

    [Fact]
    public void Retention_deletes_by_age_size_and_start()
    {
        var fixture = new LogFixture(LogFixture.Small with { RetentionMs = 1000, RetentionBytes = 2500 });
        fixture.Fill(40);
        long size = fixture.Log.SizeInBytes;
        Assert.Equal(0, Retention.Apply(fixture.Log, LogFixture.Now, Offset.Zero));
        Assert.True(Retention.Apply(fixture.Log, LogFixture.Now, fixture.Log.LogEndOffset) > 0);
        Assert.InRange(fixture.Log.SizeInBytes, 2500, 3500);
        Assert.True(fixture.Log.SizeInBytes < size);
        fixture.AssertHolds(120, fixture.Log.LogStartOffset.Value);
        Assert.Equal(ErrorCode.OffsetOutOfRange, fixture.Log.Read(Offset.Zero, 1, new Offset(120), true).Error);

        Assert.True(fixture.Log.AdvanceLogStartOffset(fixture.Log.LogEndOffset + -1));
        Assert.Single(fixture.Log.Segments);
        Retention.Apply(fixture.Log, LogFixture.Now + 2000, fixture.Log.LogEndOffset);
        Assert.Equal(120, fixture.Log.LogStartOffset.Value);
        Assert.Equal(0, fixture.Log.SizeInBytes);
        fixture.Fill(1);
        Assert.Equal(3, fixture.ReadAll(120).Count);
    }

    [Fact]
    public void Truncation_cuts_whole_batches()
    {
        foreach (int offset in (int[])[0, 1, 3, 50, 51, 119, 120])
        {
            var fixture = new LogFixture();
            fixture.Fill(40);
            fixture.Log.Flush();
            Assert.Equal(ErrorCode.None, fixture.Log.TruncateTo(new Offset(offset), LogFixture.Now));
            fixture.AssertHolds(offset / 3 * 3);
            Assert.Equal(fixture.Log.LogEndOffset, fixture.Log.FlushedOffset);
            fixture.Fill(2);
            fixture.AssertHolds((offset / 3 * 3) + 6);
        }
    }

    [Fact]
    public void The_topic_id_is_kept_and_a_deleted_log_leaves_nothing()
    {
        var fixture = new LogFixture();
        Assert.True(fixture.Log.TopicId.IsZero);
        fixture.Log.AssignTopicId(new Uuid(1, 2));
        fixture.Fill(1);
        LogSlice slice = fixture.Log.Read(Offset.Zero, 1, new Offset(3), true);
        Assert.Equal(new Uuid(1, 2), new LogFixture(disk: fixture.Disk.Copy()).Log.TopicId);
        fixture.Log.Delete();
        Assert.Empty(fixture.Disk.List(""));
        Assert.Equal(0, fixture.Disk.OpenFiles);
        Assert.ThrowsAny<IOException>(() => slice.CopyTo(new byte[slice.Length]));
        Assert.Equal(ErrorCode.KafkaStorageError, fixture.Append(LogFixture.Batch(["a"])).Error);
        Assert.Null(fixture.Log.Failure);
    }

    [Fact]
    public void Segments_that_retention_deletes_are_closed()
    {
        var fixture = new LogFixture();
        fixture.Fill(40);
        fixture.Log.Flush();
        fixture.Log.AdvanceLogStartOffset(fixture.Log.LogEndOffset);
        Assert.False(fixture.Log.DeleteObsolete(Instant.Never)); // the new start is not on stable storage
        fixture.Log.DurableStartOffset = fixture.Log.LogStartOffset;
        Assert.False(fixture.Log.DeleteObsolete(LogFixture.Now));
        Assert.Contains(fixture.Disk.List("orders-0"), name => name.EndsWith(".log.deleted", StringComparison.Ordinal));
        Assert.True(fixture.Log.DeleteObsolete(LogFixture.Now + 60_000));
        Assert.DoesNotContain(
            fixture.Disk.List("orders-0"), name => name.EndsWith(".deleted", StringComparison.Ordinal));
        Assert.Equal(1, fixture.Disk.OpenFiles);
    }

    [Fact]
    public void A_failed_read_is_told_and_leaves_the_log_online()
    {
        var fixture = new LogFixture();
        fixture.Fill(40);
        fixture.Disk.FailReads = true;
        Assert.Equal(ErrorCode.KafkaStorageError, fixture.Log.Read(Offset.Zero, 1, new Offset(120), true).Error);
        Assert.Equal(TimestampOffset.Unreadable, fixture.Log.OffsetForTimestamp(LogFixture.Now.Milliseconds));
        Assert.Equal(TimestampOffset.Unreadable, fixture.Log.MaxTimestampOffset());
        fixture.Disk.FailReads = false;
        fixture.AssertHolds(120);
        fixture.Fill(1);
    }

    [Fact]
    public void The_first_failure_is_kept()
    {
        var fixture = new LogFixture();
        fixture.Fill(1);
        Assert.Null(fixture.Log.Failure);
        fixture.Disk.FailWrites = true;
        fixture.Append(LogFixture.Batch(["a"]));
        fixture.Disk.FailFlushes = true;
        fixture.Log.Flush();
        Assert.Contains("does not answer", fixture.Log.Failure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_new_segment_is_durable_before_the_old_ones_go()
    {
        var fixture = new LogFixture();
        fixture.Fill(40);
        fixture.Log.Flush();
        fixture.Disk.DeletesAtOnce = true;
        fixture.Log.Roll(LogFixture.Now);
        fixture.Log.AdvanceLogStartOffset(fixture.Log.LogEndOffset);
        Assert.False(fixture.Log.DeleteObsolete(Instant.Never)); // the new start is not on stable storage
        fixture.Log.DurableStartOffset = fixture.Log.LogStartOffset;
        fixture.Log.DeleteObsolete(LogFixture.Now);
        fixture.Log.DeleteObsolete(Instant.Never);
        var again = new LogFixture(disk: fixture.Disk.Crash(), clean: false);
        Assert.Equal(120, again.Log.LogEndOffset.Value);
    }
}
