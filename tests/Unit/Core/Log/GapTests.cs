using Millrace.Core.Log;
using Millrace.Core.Log.Cleaner;
using Millrace.Core.Log.Verification;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Shared.Simulated;
using Cleaning = Millrace.Core.Log.Cleaner.Cleaning;

namespace Millrace.Unit.Core.Log;

/// <summary>A compacted log lacks offsets where it was cleaned; elsewhere what is missing is lost.</summary>
public sealed class GapTests
{
    private static readonly LogSettings Compacted = LogFixture.Small with { Compact = true };

    private readonly LogFixture _written = new(Compacted);
    private readonly List<string> _told = [];
    private readonly long _first;
    private readonly long _second;

    public GapTests()
    {
        _written.Fill(40);
        _first = _written.Log.Segments[1].BaseOffset.Value;
        _second = _written.Log.Segments[2].BaseOffset.Value;
        _written.Log.Close(clean: true);
    }

    public static TheoryData<bool, bool> Losses => new() { { true, true }, { true, false }, { false, true } };

    [Theory]
    [MemberData(nameof(Losses))]
    public void What_is_lost_where_the_cleaner_never_was_is_damage(bool isWhole, bool clean)
    {
        (long from, long end) = Lose(isWhole);
        PartitionLog log = Open(clean, gapsBelow: end - 1);

        Assert.Equal(ErrorCode.CorruptMessage, Read(log, from).Error);
        Assert.Equal(ErrorCode.CorruptMessage, Read(log, end - 1).Error);
        Assert.Equal(ErrorCode.None, Read(log, end).Error);
        Assert.Contains($"offsets {from} to {end - 1} are missing", Assert.Single(_told), StringComparison.Ordinal);
        Assert.Equal(120, log.LogEndOffset.Value);
        Assert.Contains(Verify(end - 1), finding => finding.Check is "batch-gap" or "segment-gap");
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public void What_the_cleaner_may_have_taken_is_none(bool isWhole, bool clean)
    {
        (long from, long end) = Lose(isWhole);
        foreach (long? below in (long?[])[end, long.MaxValue, null])
        {
            PartitionLog log = Open(clean, below);
            Assert.Equal(end, FirstOffset(Read(log, from)));
        }

        // So it stays when the topic is not compacted any more.
        Assert.Equal(end, FirstOffset(Read(Open(clean, end, LogFixture.Small), from)));
        Assert.Empty(_told);
        Assert.Empty(Verify(end));
    }

    [Fact]
    public void A_log_that_has_lost_a_segment_is_not_cleaned()
    {
        (long from, long end) = Lose(isWhole: true);
        PartitionLog log = Open(clean: true, gapsBelow: 0);
        long size = log.SizeInBytes;
        var target = LogToClean.Of(log, Offset.None, log.LogEndOffset, LogFixture.Now);
        using var cleaning = new Cleaning(target, new OffsetMap(1 << 20), new Lock(), LogFixture.Now);

        Assert.Throws<DamagedLogException>(() =>
        {
            while (cleaning.Step() is not null)
                continue;
        });

        Assert.Equal(size, log.SizeInBytes);
        Assert.Equal(ErrorCode.CorruptMessage, Read(log, from).Error);
    }

    [Fact]
    public void What_a_cleaning_takes_is_allowed_at_once()
    {
        PartitionLog log = Open(clean: true, gapsBelow: 0);
        Offset? noted = null;
        var target = LogToClean.Of(log, Offset.None, log.LogEndOffset, LogFixture.Now);
        using var cleaning = new Cleaning(target, new OffsetMap(1 << 20), new Lock(), LogFixture.Now)
        {
            BeforeGaps = below => noted = below,
        };
        while (cleaning.Step() is not null)
            continue;

        Assert.Equal(target.FirstUncleanable, noted);
        Assert.Equal(noted, log.GapsBelow);
        Assert.True(FirstOffset(Read(log, 0)) > 0);
        Assert.Empty(_told);
    }

    /// <summary>The second segment, or its last batch.</summary>
    private (long From, long End) Lose(bool isWhole)
    {
        string path = $"orders-0/{_first:D20}";
        if (!isWhole)
        {
            byte[] content = _written.Disk.Content(path + ".log");
            int batches = (int)(_second - _first) / 3;
            _written.Disk.SetContent(path + ".log", content[..(content.Length / batches * (batches - 1))]);
            _written.Disk.Delete(path + ".index");
            _written.Disk.Delete(path + ".timeindex");
            return (_second - 3, _second);
        }

        foreach (string suffix in (string[])[".log", ".index", ".timeindex", ".snapshot"])
            _written.Disk.Delete(path + suffix);
        return (_first, _second);
    }

    private PartitionLog Open(bool clean, long? gapsBelow, LogSettings? settings = null) => PartitionLog.Open(
        _written.Disk.Copy(), LogFixture.Topic, settings ?? Compacted, LogFixture.Now,
        new LogOpening(clean, new Offset(120), Offset.Zero)
        {
            GapsBelow = gapsBelow is { } below ? new Offset(below) : null,
            Report = line => _told.AddRange(line.Contains("made again", StringComparison.Ordinal) ? [] : [line]),
        });

    private List<Finding> Verify(long gapsBelow)
    {
        SimDisk disk = _written.Disk.Copy();
        disk.SetContent(OffsetCheckpoint.Gaps, System.Text.Encoding.UTF8.GetBytes($"0\n1\norders 0 {gapsBelow}\n"));
        disk.SetContent(OffsetCheckpoint.Cleaner, "0\n1\norders 0 1\n"u8.ToArray());
        List<Finding> found = [];
        new DirectoryVerifier(disk, isInUse: false, found.Add, _ => { }).RunPartition("orders-0");
        return [.. found.Where(finding => finding.Severity == Severity.Error)];
    }

    private static LogSlice Read(PartitionLog log, long offset) =>
        log.Read(new Offset(offset), 1, log.LogEndOffset, atLeastOneBatch: true);

    private static long FirstOffset(LogSlice slice)
    {
        Assert.Equal(ErrorCode.None, slice.Error);
        byte[] bytes = new byte[slice.Length];
        slice.CopyTo(bytes);
        foreach (Millrace.Protocol.Records.RecordBatch batch in Millrace.Protocol.Records.RecordBatch.Enumerate(bytes))
            return batch.BaseOffset;
        return -1;
    }
}
