using Millrace.Core.Log;
using Millrace.Core.Log.Cleaner;
using Millrace.Core.Model;
using Millrace.Protocol.Records;
using Millrace.Shared.Simulated;

namespace Millrace.Unit.Core.Log.Cleaner;

public sealed class CleaningTests
{
    private readonly CleanedLog _log = new();

    [Fact]
    public void TheLastValueOfEachKeyStaysAndOffsetsDoNotChange()
    {
        for (int i = 0; i < 60; i++)
            _log.Append(($"k{i % 7}", $"v{i}"), ($"k{i % 5}", $"w{i}"));
        _log.Roll();
        List<DataRecord> before = _log.Records();

        Cleaning cleaning = _log.Clean();

        Assert.Equal(_log.Log.LogEndOffset, cleaning.End);
        Assert.Equal(LastOf(before), _log.Records());
        Assert.Equal(120, _log.Log.LogEndOffset.Value);
        Assert.True(cleaning.BytesWritten < cleaning.BytesRead / 4);
    }

    [Fact]
    public void SegmentsThatHaveBecomeSmallAreJoined()
    {
        for (int i = 0; i < 60; i++)
            _log.Append(($"k{i}", "v"));
        _log.Roll();
        _log.Clean();
        for (int i = 0; i < 60; i++)
            _log.Append(($"k{i % 50}", "w"));
        _log.Roll();
        int before = _log.Log.Segments.Count;
        _log.Clean();
        _log.Append(("k", "v"));
        _log.Roll();

        _log.Clean();

        Assert.InRange(_log.Log.Segments.Count, before / 3, (before / 2) + 2);
        Assert.Equal(61, _log.Records().Count);
        Assert.Equal(
            _log.Log.Segments.Select(segment => segment.BaseOffset).Order(),
            _log.Log.Segments.Select(segment => segment.BaseOffset));
    }

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public void APartlyKeptBatchKeepsItsCodecProducerAndOffsets(CompressionType codec)
    {
        _log.Append([("a", "1"), ("b", "2"), ("c", "3"), ("b", "4"), ("a", "5")], codec, producer: 7, sequence: 10);
        _log.Append([("a", "6")], codec, producer: 7, sequence: 15);
        _log.Roll();

        _log.Clean();

        Assert.Equal([new(2, "c", "3"), new(3, "b", "4"), new(5, "a", "6")], _log.Records());
        Assert.Equal(
            [new Batch(0, 4, 2, 7, 10, false, null), new Batch(5, 5, 1, 7, 15, false, null)], _log.Headers());
    }

    [Fact]
    public void AnEmptyBatchStaysForTheLastSequenceOfAProducerAndForTheEnd()
    {
        _log.Append([("a", "1")], producer: 1, sequence: 0);
        _log.Append([("a", "2")], producer: 1, sequence: 1);
        _log.Append([("a", "3")], producer: 2, sequence: 0);
        _log.Append([("a", "4")], producer: 2, sequence: 1);
        _log.Append((null, "no key"));
        _log.Roll();

        _log.Clean();

        Assert.Equal([new DataRecord(3, "a", "4")], _log.Records());
        Assert.Equal(
            [
                new Batch(1, 1, 0, 1, 1, false, null),
                new Batch(3, 3, 1, 2, 1, false, null),
                new Batch(4, 4, 0, -1, -1, false, null),
            ],
            _log.Headers());
        _log.Append([("b", "1")], producer: 1, sequence: 2);
        _log.Append([("b", "2")]);
        _log.Roll();
        _log.Clean();
        Assert.Equal([3, 5, 6], _log.Headers().Select(batch => batch.BaseOffset));
    }

    [Fact]
    public void ATombstoneIsKeptUntilItsHorizonWhichTheFirstCleaningSets()
    {
        _log.Append(("a", "1"), ("b", "1"));
        _log.Append(("a", null));
        _log.Append(("c", "1"));
        _log.Roll();

        _log.Clean();

        long horizon = _log.Now.Milliseconds + 1000;
        Assert.Equal([new(1, "b", "1"), new(2, "a", null), new(3, "c", "1")], _log.Records());
        Assert.Equal([null, horizon, null], _log.Headers().Select(batch => batch.Horizon));

        _log.Now += 999;
        AppendAndClean("d");
        Assert.Contains(new DataRecord(2, "a", null), _log.Records());
        Assert.Equal(horizon, _log.Headers()[1].Horizon);

        _log.Now += 1;
        AppendAndClean("e");
        Assert.DoesNotContain(_log.Records(), record => record.Value is null);
    }

    [Fact]
    public void TheDirtyPartEndsAtTheLastStableOffsetTheActiveSegmentAndTheLag()
    {
        for (int i = 0; i < 10; i++)
        {
            _log.Append(("k", "v"));
            _log.Roll();
            _log.Now += 100;
        }

        Assert.Equal(10, _log.ToClean().FirstUncleanable.Value);
        _log.Append([("k", "t")], producer: 1, sequence: 0, transactional: true);
        _log.Append(("k", "v"));
        _log.Roll();
        Assert.Equal(10, _log.ToClean().FirstUncleanable.Value);
        _log.Log.Settings = _log.Log.Settings with { MinCompactionLagMs = 350 };
        Assert.Equal(7, _log.ToClean().FirstUncleanable.Value);
        _log.Clean();
        Assert.Equal([.. Enumerable.Range(6, 6).Select(i => (long)i)], _log.Records().Select(record => record.Offset));
        Assert.Equal(7, _log.Checkpoint.Value);
    }

    [Fact]
    public void ALogIsDueByItsRatioOrByItsOldestRecord()
    {
        (string?, string?)[] records = [.. Enumerable.Range(0, 60).Select(i => ((string?)$"k{i}", (string?)"v"))];
        _log.Append(records);
        Assert.False(_log.ToClean().IsDue);
        _log.Roll();
        Assert.True(_log.ToClean().IsDue);
        Assert.Equal(1.0, _log.ToClean().Ratio);
        _log.Clean();
        Assert.False(_log.ToClean().IsDue);
        Assert.Equal(0, _log.ToClean().Ratio);

        _log.Append(("k", "v"));
        _log.Roll();
        Assert.InRange(_log.ToClean().Ratio, 0.01, 0.1);
        Assert.False(_log.ToClean().IsDue);
        _log.Log.Settings = _log.Log.Settings with { MaxCompactionLagMs = 500 };
        _log.Now += 500;
        Assert.False(_log.ToClean().IsDue);
        _log.Now += 1;
        Assert.True(_log.ToClean().IsDue);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(1000)]
    public void ACheckpointThatCannotBeRightStartsFromTheLogStart(long checkpoint)
    {
        for (int i = 0; i < 40; i++)
            _log.Append((i == 0 ? "once" : "k", $"v{i}"));
        _log.Roll();
        _log.Log.AdvanceLogStartOffset(new Offset(5));
        _log.Checkpoint = new Offset(checkpoint);

        Assert.Equal(5, _log.ToClean().FirstDirty.Value);
        _log.Clean();
        Assert.Equal([new DataRecord(39, "k", "v39")], _log.Records().Where(record => record.Offset >= 5));
    }

    [Fact]
    public void WhereTheMapIsFullTheLogStaysDirty()
    {
        _log.Map = new OffsetMap(16 * OffsetMap.SlotSize);
        for (int i = 0; i < 40; i++)
            _log.Append(($"k{i}", "old"), ($"k{i}", "new"));
        _log.Roll();
        List<DataRecord> expected = LastOf(_log.Records());

        Assert.Equal(26, _log.Clean().End.Value);
        Assert.Equal(26, _log.ToClean().FirstDirty.Value);
        while (_log.Checkpoint < _log.Log.LogEndOffset)
        {
            Offset before = _log.Checkpoint;
            Assert.True(_log.Clean().End > before);
        }

        Assert.Equal(expected, _log.Records());
    }

    [Fact]
    public void ADamagedBatchStopsTheCleaningAndNothingIsLost()
    {
        var disk = (SimDisk)_log.Disk;
        for (int i = 0; i < 40; i++)
            _log.Append(("k", $"v{i}"));
        _log.Roll();
        string path = _log.Log.Segments[1].Path + ".log";
        disk.Content(path)[^3] ^= 1;
        string[] files = [.. disk.List(CleanedLog.Id.ToString())];
        long size = _log.Log.SizeInBytes;

        DamagedLogException failure = Assert.Throws<DamagedLogException>(() => _log.Clean());

        Assert.Contains(path, failure.Message);
        Assert.Contains("checksum", failure.Message);
        Assert.Equal(size, _log.Log.SizeInBytes);
        Assert.Equal(files, disk.List(CleanedLog.Id.ToString()));
        Assert.False(_log.Log.IsOffline);
        disk.Content(path)[^3] ^= 1;
        _log.Clean();
        Assert.Equal([new DataRecord(39, "k", "v39")], _log.Records());
    }

    [Fact]
    public void AFullDiskLeavesTheLogAsItIs()
    {
        var disk = (SimDisk)_log.Disk;
        for (int i = 0; i < 40; i++)
            _log.Append(("k", $"v{i}"));
        _log.Roll();
        string[] files = [.. disk.List(CleanedLog.Id.ToString())];
        disk.IsFull = true;
        Assert.Throws<DiskFullException>(() => _log.Clean());
        disk.IsFull = false;

        Assert.Equal(files, disk.List(CleanedLog.Id.ToString()));
        Assert.False(_log.Log.IsOffline);
        Assert.Equal(40, _log.Records().Count);
    }

    [Fact]
    public void ALogThatRetentionCutsMeanwhileIsLeftAlone()
    {
        for (int i = 0; i < 40; i++)
            _log.Append(($"k{i}", $"v{i}"));
        _log.Roll();
        _log.Log.Settings = _log.Log.Settings with { SegmentBytes = 1 << 20 };
        using var cleaning = new Cleaning(_log.ToClean(), _log.Map, _log.Gate, _log.Now);
        Assert.NotNull(cleaning.Step());

        _log.Log.AdvanceLogStartOffset(_log.Log.Segments[1].BaseOffset);
        _log.Log.DeleteObsolete(Instant.Never);

        Assert.Throws<CleaningAbandonedException>(() =>
        {
            while (cleaning.Step() is not null)
            {
            }
        });
        Assert.Equal(_log.Log.LogEndOffset - _log.Log.LogStartOffset, _log.Records().Count);
        Assert.DoesNotContain(
            _log.Disk.List(CleanedLog.Id.ToString()),
            name => name.EndsWith(".cleaned", StringComparison.Ordinal)
                || name.EndsWith(".swap", StringComparison.Ordinal));
    }

    [Fact]
    public void ADirtyPartThatIsAllReadIsNotReadAgain()
    {
        _log.Append(("k", "v"));
        _log.Roll();
        _log.Clean();
        var disk = (SimDisk)_log.Disk;
        disk.FailReads = true;
        Assert.False(_log.ToClean().IsDue);
    }

    /// <summary>The last record of each key, but none without a key.</summary>
    internal static List<DataRecord> LastOf(IEnumerable<DataRecord> records) =>
        [.. records.Where(record => record.Key is not null).GroupBy(record => record.Key)
            .Select(group => group.MaxBy(record => record.Offset)!).OrderBy(record => record.Offset)];

    private void AppendAndClean(string key)
    {
        _log.Append((key, "1"));
        _log.Roll();
        _log.Clean();
    }
}
