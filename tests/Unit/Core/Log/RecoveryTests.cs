using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Shared.Simulated;

namespace Millrace.Unit.Core.Log;

public sealed class RecoveryTests
{
    private const string FirstSegment = "orders-0/00000000000000000000.log";

    [Fact]
    public void A_clean_close_is_trusted_and_complete()
    {
        var fixture = new LogFixture();
        fixture.Fill(40);
        Assert.True(fixture.Log.Close(clean: true));
        var again = new LogFixture(disk: fixture.Disk.Crash());
        Assert.Equal(120, again.Log.FlushedOffset.Value);
        again.AssertHolds(120);
        again.Fill(10);
        again.AssertHolds(150);
    }

    [Fact]
    public void Missing_and_damaged_indexes_are_made_again()
    {
        foreach (byte[]? damage in (byte[]?[])[null, [], [1, 2, 3], [0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 9]])
        {
            var fixture = new LogFixture();
            fixture.Fill(40);
            fixture.Log.Close(clean: true);
            string[] names = [.. fixture.Disk.List("orders-0")];
            foreach (string name in names.Where(n => n.EndsWith("index", StringComparison.Ordinal)))
            {
                if (damage is null)
                    fixture.Disk.Delete("orders-0/" + name);
                else
                    fixture.Disk.SetContent("orders-0/" + name, damage);
            }

            var again = new LogFixture(disk: fixture.Disk);
            again.AssertHolds(120);
            Assert.Equal(57, again.Log.OffsetForTimestamp(LogFixture.Now.Milliseconds + 57).Offset.Value);
        }
    }

    [Fact]
    public void A_log_cut_at_any_byte_keeps_its_whole_batches()
    {
        var fixture = new LogFixture(LogFixture.Small with { SegmentBytes = 1 << 20 });
        fixture.Fill(3);
        byte[] whole = fixture.Disk.Content(FirstSegment);
        int size = whole.Length / 3;
        for (int length = 0; length <= whole.Length; length++)
        {
            foreach (bool zeros in (bool[])[false, true])
            {
                SimDisk disk = fixture.Disk.Copy();
                byte[] cut = new byte[zeros ? whole.Length + 100 : length];
                whole.AsSpan(0, length).CopyTo(cut);
                disk.SetContent(FirstSegment, cut);
                var again = new LogFixture(disk: disk, clean: false);
                int batches = cut.AsSpan().CommonPrefixLength(whole) / size; // zeros may equal what was cut
                again.AssertHolds(batches * 3);
                Assert.Equal(again.Log.LogEndOffset, again.Log.FlushedOffset);
                again.Fill(1);
                again.AssertHolds((batches * 3) + 3);
            }
        }
    }

    [Fact]
    public void A_flipped_bit_cuts_the_log_before_its_batch()
    {
        var fixture = new LogFixture();
        fixture.Fill(20);
        string second = fixture.Disk.List("orders-0")
            .Where(name => name.EndsWith(".log", StringComparison.Ordinal)).ElementAt(1);
        long start = fixture.Log.Segments[1].BaseOffset.Value;
        byte[] content = fixture.Disk.Content("orders-0/" + second);
        foreach (int at in (int[])[8, 16, 20, 30, 70])
        {
            SimDisk disk = fixture.Disk.Copy();
            byte[] flipped = [.. content];
            flipped[at] ^= 0x40;
            disk.SetContent("orders-0/" + second, flipped);
            var again = new LogFixture(disk: disk, clean: false);
            again.AssertHolds(start);
            again.Fill(5);
            again.AssertHolds(start + 15);
        }
    }

    /// <summary>Power fails at any moment; any number of the unflushed bytes of each file may survive.</summary>
    [Fact]
    public void What_was_flushed_survives_a_power_failure()
    {
        for (int flushed = 0; flushed < 20; flushed++)
        {
            for (int kept = 0; kept < 5; kept++)
            {
                var fixture = new LogFixture();
                fixture.Fill(flushed);
                Assert.Equal(ErrorCode.None, fixture.Log.Flush());
                Assert.Equal(3 * flushed, fixture.Log.FlushedOffset.Value);
                fixture.Fill(12);
                int step = kept;
                SimDisk disk = fixture.Disk.Crash((path, count) => (path.Length + flushed + step) * 31 % (count + 1));
                foreach (long recoveryPoint in (long[])[0, 3 * flushed])
                {
                    var again = new LogFixture(disk: disk.Copy(), clean: false, recoveryPoint: recoveryPoint);
                    long end = again.Log.LogEndOffset.Value;
                    Assert.InRange(end, 3 * flushed, 3 * (flushed + 12));
                    again.AssertHolds(end);
                    Assert.Equal(end == 0 ? LeaderEpoch.None : LeaderEpoch.Zero, again.Log.LatestEpoch);
                    again.Fill(2);
                    again.AssertHolds(end + 6);
                }
            }
        }
    }

    [Fact]
    public void Nothing_survives_behind_a_hole()
    {
        var fixture = new LogFixture();
        fixture.Fill(20);
        fixture.Log.Flush();
        long hole = fixture.Log.Segments[1].NextOffset.Value - 3;
        string second = $"orders-0/{fixture.Log.Segments[1].BaseOffset.Value:D20}.log";
        SimDisk disk = fixture.Disk.Copy();
        byte[] content = disk.Content(second);
        int batches = (int)(fixture.Log.Segments[1].NextOffset - fixture.Log.Segments[1].BaseOffset) / 3;
        disk.SetContent(second, content[..(content.Length / batches * (batches - 1))]);
        new LogFixture(disk: disk, clean: false).AssertHolds(hole);
    }

    [Fact]
    public void What_lies_below_the_recovery_point_is_not_cut()
    {
        var fixture = new LogFixture();
        fixture.Fill(20);
        fixture.Checkpoint();
        Offset point = fixture.Log.RecoveryPoint;
        fixture.Fill(20);
        SimDisk disk = fixture.Disk.Crash((_, unflushed) => Math.Max(unflushed - 1, 0));
        byte[] content = [.. disk.Content(FirstSegment)];
        content[70] ^= 0x40;
        disk.SetContent(FirstSegment, content);
        Assert.Equal(60, point.Value);

        var again = new LogFixture(disk: disk, clean: false, recoveryPoint: point.Value);

        Assert.InRange(again.Log.LogEndOffset.Value, 60, 119);
        Assert.Equal(content, disk.Content(FirstSegment));
        again.AssertHolds(again.Log.LogEndOffset.Value, again.Log.Segments[1].BaseOffset.Value);
    }

    [Fact]
    public void Damage_below_the_recovery_point_is_told_by_offsets_and_never_given()
    {
        foreach (int at in (int[])[3, 8, 10, 16, 17, 22, 26, 40, 60, 70, 90])
        {
            foreach (bool clean in (bool[])[true, false])
            {
                var fixture = new LogFixture();
                fixture.Fill(6);
                fixture.Checkpoint();
                if (clean)
                    fixture.Log.Close(clean: true);
                byte[] content = [.. fixture.Disk.Content(FirstSegment)];
                content[PositionOf(1, content) + at] ^= 0x40;
                fixture.Disk.SetContent(FirstSegment, content);

                var again = new LogFixture(disk: fixture.Disk, clean: clean, recoveryPoint: 18);

                Assert.Equal(content, fixture.Disk.Content(FirstSegment));
                Assert.Equal([(0L, "v0"), (1L, "v1"), (2L, "v2")], ReadBelow(again, 3));
                for (int damaged = 3; damaged < 6; damaged++)
                    Assert.Equal(ErrorCode.CorruptMessage, Error(again, damaged));
                Assert.Equal("orders-0: offsets 3 to 5 are damaged", Assert.Single(again.Reports)[..36]);
                again.Fill(2);
                again.AssertHolds(24, from: 6);
            }
        }
    }

    [Fact]
    public void What_is_missing_below_the_recovery_point_is_told_and_its_offsets_are_not_given_again()
    {
        foreach (bool clean in (bool[])[true, false])
        {
            var fixture = new LogFixture();
            fixture.Fill(6);
            fixture.Checkpoint();
            if (clean)
                fixture.Log.Close(clean: true);
            byte[] content = fixture.Disk.Content(FirstSegment);
            fixture.Disk.SetContent(FirstSegment, content[..PositionOf(4, content)]);

            var again = new LogFixture(disk: fixture.Disk, clean: clean, recoveryPoint: 18);

            Assert.Equal("orders-0: offsets 12 to 17 are missing", Assert.Single(again.Reports)[..38]);
            Assert.Equal(18, again.Log.LogEndOffset.Value);
            Assert.Equal(12, ReadBelow(again, 12).Count);
            Assert.Equal(ErrorCode.CorruptMessage, Error(again, 12));
            Assert.Equal(ErrorCode.CorruptMessage, Error(again, 17));
            again.Fill(2);
            again.AssertHolds(24, from: 18);
        }
    }

    [Fact]
    public void Damage_before_records_that_were_checked_is_not_given_with_them()
    {
        var fixture = new LogFixture(LogFixture.Small with { SegmentBytes = 1 << 20 });
        fixture.Fill(6);
        fixture.Checkpoint();
        fixture.Fill(6);
        byte[] content = [.. fixture.Disk.Content(FirstSegment)];
        content[PositionOf(5, content) + 70] ^= 0x40; // the last below the recovery point
        content[PositionOf(5, content) + 9] ^= 0x40; // and its header, so that recovery meets it
        fixture.Disk.SetContent(FirstSegment, content);

        var again = new LogFixture(LogFixture.Small with { SegmentBytes = 1 << 20 }, fixture.Disk, false, 18);

        content[PositionOf(5, content) + 9] ^= 0x40; // the header is whole again, the records are not
        fixture.Disk.Open(FirstSegment).Write(0, content);
        Assert.Equal(15, ReadBelow(again, 15).Count);
        Assert.Equal(ErrorCode.CorruptMessage, Error(again, 15));
        again.AssertHolds(36, from: 18);
    }

    [Fact]
    public void What_an_earlier_life_failed_to_flush_is_written_again_before_it_counts_as_durable()
    {
        var fixture = new LogFixture();
        fixture.Fill(1);
        fixture.Log.Flush();
        fixture.Fill(3);
        fixture.Disk.FailFlushes = true;
        Assert.Equal(ErrorCode.KafkaStorageError, fixture.Log.Flush());
        fixture.Disk.FailFlushes = false;

        var again = new LogFixture(disk: fixture.Disk, clean: false);

        Assert.Equal(12, again.Log.FlushedOffset.Value);
        new LogFixture(disk: fixture.Disk.Crash(), clean: false).AssertHolds(12);
    }

    [Fact]
    public void Damage_behind_a_checkpoint_is_told_no_wider_than_it_is()
    {
        LogSettings settings = LogFixture.Small with { SegmentBytes = 1 << 20 };
        var fixture = new LogFixture(settings);
        fixture.Fill(100);
        fixture.Checkpoint();
        fixture.Fill(1);
        fixture.Checkpoint();
        byte[] content = [.. fixture.Disk.Content(FirstSegment)];
        foreach ((int batch, int at) in Enumerable.Range(90, 11).SelectMany(i => (int[])[24, 70], (i, at) => (i, at)))
        {
            byte[] flipped = [.. content];
            flipped[PositionOf(batch, content) + at] ^= 0x40;
            SimDisk disk = fixture.Disk.Copy();
            disk.SetContent(FirstSegment, flipped);
            var again = new LogFixture(settings, disk, clean: false, recoveryPoint: 303);
            Assert.Equal(ErrorCode.CorruptMessage, Error(again, (3 * batch) + 2));
            string told = $"orders-0: offsets {3 * batch} to {(3 * batch) + 2} are damaged";
            Assert.StartsWith(told, again.Reports[0], StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_log_does_not_end_below_its_start()
    {
        var fixture = new LogFixture();
        fixture.Fill(6);
        fixture.Log.AssignTopicId(new Millrace.Protocol.Wire.Uuid(1, 2));
        SimDisk disk = fixture.Disk.Copy();
        PartitionLog again = PartitionLog.Open(
            disk, LogFixture.Topic, LogFixture.Small, LogFixture.Now,
            new LogOpening(false, Offset.Zero, new Offset(30)));
        Assert.Equal((30L, 30L), (again.LogStartOffset.Value, again.LogEndOffset.Value));
    }

    [Fact]
    public void A_segment_that_is_gone_is_missed_by_its_readers()
    {
        var fixture = new LogFixture();
        fixture.Fill(40);
        long from = fixture.Log.Segments[2].BaseOffset.Value;
        long end = fixture.Log.Segments[3].BaseOffset.Value;
        fixture.Log.Close(clean: true);
        fixture.Disk.Delete($"orders-0/{from:D20}.log");

        var again = new LogFixture(disk: fixture.Disk, recoveryPoint: 120);

        Assert.Equal(from, ReadBelow(again, from).Count);
        Assert.Equal(ErrorCode.CorruptMessage, Error(again, from));
        Assert.Equal(ErrorCode.CorruptMessage, Error(again, end - 1));
        string told = $"orders-0: offsets {from} to {end - 1} are missing";
        Assert.StartsWith(told, Assert.Single(again.Reports), StringComparison.Ordinal);
        again.AssertHolds(120, from: end);
    }

    [Fact]
    public void A_first_segment_that_is_gone_is_missed_where_the_start_is_known()
    {
        foreach (bool known in (bool[])[true, false])
        {
            var fixture = new LogFixture();
            fixture.Fill(40);
            fixture.Log.Close(clean: true);
            fixture.Disk.Delete(FirstSegment);
            List<string> told = [];
            PartitionLog again = PartitionLog.Open(
                fixture.Disk, LogFixture.Topic, LogFixture.Small, LogFixture.Now,
                new LogOpening(true, new Offset(120), Offset.Zero) { IsStartKnown = known, Report = told.Add });
            string expected = $"orders-0: offsets 0 to {again.LogStartOffset + -1} are missing";
            Assert.Equal(known ? [expected] : [], told.Select(line => line[..expected.Length]));
        }
    }

    [Fact]
    public void What_is_cut_is_told()
    {
        var fixture = new LogFixture();
        fixture.Fill(4);
        byte[] content = [.. fixture.Disk.Content(FirstSegment)];
        content[PositionOf(1, content) + 70] ^= 0x40;
        fixture.Disk.SetContent(FirstSegment, content);
        var again = new LogFixture(disk: fixture.Disk, clean: false);
        again.AssertHolds(3);
        Assert.StartsWith("orders-0: offsets 3 to 11 are cut", Assert.Single(again.Reports), StringComparison.Ordinal);
    }

    [Fact]
    public void A_last_batch_that_is_cut_is_told_by_its_own_offsets()
    {
        var fixture = new LogFixture();
        fixture.Fill(2);
        byte[] content = [.. fixture.Disk.Content(FirstSegment)];
        content[^2] ^= 0x40;
        fixture.Disk.SetContent(FirstSegment, content);
        var again = new LogFixture(disk: fixture.Disk, clean: false);
        Assert.StartsWith("orders-0: offsets 3 to 5 are cut", Assert.Single(again.Reports), StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_spares_recovery_what_lies_below()
    {
        var fixture = new LogFixture(LogFixture.Small with { SegmentBytes = 1 << 20 });
        fixture.Fill(100);
        fixture.Checkpoint();
        fixture.Fill(1);
        fixture.Checkpoint();
        fixture.Fill(2);
        SimDisk disk = fixture.Disk.Copy();
        byte[] content = [.. disk.Content(FirstSegment)];
        content[70] ^= 0x40;
        disk.SetContent(FirstSegment, content);

        var again = new LogFixture(disk: disk, clean: false, recoveryPoint: 303);

        Assert.Empty(again.Reports); // the damage was not looked at: it is found when it is read
        Assert.Equal(309, again.Log.LogEndOffset.Value);
        Assert.Equal(ErrorCode.CorruptMessage, Error(again, 0));
        Assert.Single(again.Reports);
        again.AssertHolds(309, from: 3);
    }

    private static List<(long Offset, string Value)> ReadBelow(LogFixture fixture, long end)
    {
        List<(long Offset, string Value)> all = [];
        for (var at = Offset.Zero; at.Value < end;)
        {
            LogSlice slice = fixture.Log.Read(at, 1 << 20, fixture.Log.LogEndOffset, atLeastOneBatch: true);
            Assert.Equal(ErrorCode.None, slice.Error);
            byte[] bytes = new byte[slice.Length];
            slice.CopyTo(bytes);
            foreach (RecordBatch batch in RecordBatch.Enumerate(bytes))
            {
                foreach (Millrace.Protocol.Records.Record record in batch.Records(batch.RecordBytes))
                    all.Add((record.Offset, System.Text.Encoding.UTF8.GetString(record.Value)));
                at = new Offset(batch.LastOffset + 1);
            }
        }

        return all;
    }

    private static int PositionOf(int batch, byte[] segment)
    {
        RecordBatches walk = RecordBatch.Enumerate(segment);
        for (int i = 0; i < batch; i++)
            walk.MoveNext();
        return segment.Length - walk.Rest.Length;
    }

    private static ErrorCode Error(LogFixture fixture, long offset) =>
        fixture.Log.Read(new Offset(offset), 1 << 20, fixture.Log.LogEndOffset, atLeastOneBatch: true).Error;

    [Fact]
    public void Producers_are_known_again_after_any_stop()
    {
        foreach (bool clean in (bool[])[true, false])
        {
            var fixture = new LogFixture();
            for (int i = 0; i < 20; i++)
                fixture.Append(LogFixture.Batch(["a", "b"], producerId: 7, epoch: 1, sequence: 2 * i));
            if (clean)
                fixture.Log.Close(clean: true);
            var again = new LogFixture(disk: fixture.Disk.Copy(), clean: clean);
            AppendResult duplicate = again.Append(
                LogFixture.Batch(["a", "b"], producerId: 7, epoch: 1, sequence: 38));
            Assert.True(duplicate.IsDuplicate);
            Assert.Equal(38, duplicate.BaseOffset.Value);
            Assert.Equal(
                ErrorCode.OutOfOrderSequence,
                again.Append(LogFixture.Batch(["a"], producerId: 7, epoch: 1, sequence: 41)).Error);
            Assert.Equal(
                40, again.Append(LogFixture.Batch(["a"], producerId: 7, epoch: 1, sequence: 40)).BaseOffset.Value);
        }
    }

    [Fact]
    public void A_damaged_producer_snapshot_is_passed_over()
    {
        var fixture = new LogFixture();
        for (int i = 0; i < 20; i++)
            fixture.Append(LogFixture.Batch(["a"], producerId: 7, epoch: 0, sequence: i));
        fixture.Log.Close(clean: true);
        string newest = fixture.Disk.List("orders-0").Last(n => n.EndsWith(".snapshot", StringComparison.Ordinal));
        byte[] content = [.. fixture.Disk.Content("orders-0/" + newest)];
        content[^1] ^= 1;
        fixture.Disk.SetContent("orders-0/" + newest, content);
        var again = new LogFixture(disk: fixture.Disk);
        Assert.True(again.Append(LogFixture.Batch(["a"], producerId: 7, epoch: 0, sequence: 19)).IsDuplicate);
    }
}
