using System.Text;
using Millrace.Broker.Cluster;
using Millrace.Core.Controller;
using Millrace.Core.Model;
using Millrace.Core.Log;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;
using Millrace.Unit.Core.Log;
using Millrace.Shared.Simulated;

namespace Millrace.Unit.Broker.Cluster;

/// <summary>The metadata log and its snapshots on a disk that loses power, is damaged, or full.</summary>
public sealed class LocalMetadataLogTests
{
    private const string Folder = LocalMetadataLog.Folder;
    private const string LogFile = Folder + "/00000000000000000000.log";

    private readonly SimDisk _disk = new();
    private readonly List<string> _told = [];

    [Fact]
    public void ANewLogBeginsWithTheFeaturesOfANewCluster()
    {
        using var log = Open(_disk);

        Assert.True(log.IsEmpty);
        var levels = log.ReadAll().OfType<FeatureLevelRecord>().ToDictionary(
            record => record.Name, record => record.FeatureLevel);
        Assert.Equal(33, levels["metadata.version"]);
        Assert.Equal(6, levels.Count);
        Assert.True(_disk.Exists($"{Folder}/00000000000000000000-0000000000.checkpoint"));
        Assert.Contains("topic_id: AAAAAAAAAAAAAAAAAAAAAQ", Text("partition.metadata"), StringComparison.Ordinal);
    }

    [Fact]
    public void EachOpeningBeginsALeaderEpoch()
    {
        for (var epoch = 1; epoch <= 3; epoch++)
        {
            using var log = Open(_disk);
            var expected = $$"""
                {"clusterId":"","leaderId":1,"leaderEpoch":{{epoch}},"votedId":-1,"appliedOffset":0,
                "currentVoters":[{"voterId":1}],"data_version":0}
                """;
            Assert.Equal(expected.ReplaceLineEndings(""), Text("quorum-state"));
        }

        var epochs = new List<int>();
        foreach (var batch in RecordBatch.Enumerate(_disk.Content(LogFile)))
        {
            Assert.True(batch.IsControl);
            epochs.Add(batch.PartitionLeaderEpoch);
        }

        Assert.Equal([1, 2, 3], epochs);
    }

    [Fact]
    public void ALostQuorumStateDoesNotTakeTheEpochBack()
    {
        for (var epoch = 1; epoch <= 2; epoch++)
            Open(_disk).Dispose();
        _disk.Delete($"{Folder}/quorum-state");

        using var log = Open(_disk);

        Assert.Contains("\"leaderEpoch\":3", Text("quorum-state"), StringComparison.Ordinal);
    }

    [Fact]
    public void SnapshotsTakeThePlaceOfTheLog()
    {
        using (var log = Open(_disk, 500))
            Fill(log, 60);

        var snapshots = _disk.List(Folder).Where(name => name.EndsWith(".checkpoint", StringComparison.Ordinal));
        Assert.Equal(2, snapshots.Count());
        Assert.False(_disk.Exists(LogFile));
        Assert.Equal(Topics(60), Topics(_disk));
    }

    [Fact]
    public void ADamagedSnapshotLeavesTheOneBefore()
    {
        using (var log = Open(_disk, 500))
            Fill(log, 60);
        var newest = _disk.List(Folder).Where(name => name.EndsWith(".checkpoint", StringComparison.Ordinal)).Max()!;
        Flip($"{Folder}/{newest}", 100);

        Assert.Equal(Topics(60), Topics(_disk));
        Assert.Contains(newest, Assert.Single(_told), StringComparison.Ordinal);
    }

    [Fact]
    public void APowerFailureAtAnyStepLeavesAllThatWasDecided()
    {
        var steps = Steps();
        Assert.True(steps > 100);
        for (var failsAt = 1; failsAt < steps; failsAt++)
        {
            var disk = new SimDisk();
            var decided = 0;
            try
            {
                var step = 0;
                disk.Before = (call, _) =>
                {
                    if (call != DiskCall.Read && ++step >= failsAt)
                        throw new IOException("There is no power.");
                };
                using var log = Open(disk, 400);
                for (; decided < 20; decided++)
                    Decide(log, decided);
            }
            catch (IOException)
            {
                // There is no power.
            }

            var found = Topics(disk.Crash());
            Assert.True(
                found.SequenceEqual(Topics(decided)) || found.SequenceEqual(Topics(decided + 1)),
                $"step {failsAt}: {decided} topics were decided, {found.Length} are there");
        }
    }

    [Fact]
    public void ATornEndIsCut()
    {
        using (var log = Open(_disk))
            Fill(log, 3);
        var content = _disk.Content(LogFile);
        _disk.SetContent(LogFile, content[..^10]);

        Assert.Equal(Topics(2), Topics(_disk));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(int.MaxValue)]
    public void AnEndThatIsLostIsRefusedIfItWasOnStableStorage(int lostBytes)
    {
        Offset end;
        using (var log = Open(_disk))
        {
            Fill(log, 3);
            end = log.FlushedOffset;
        }

        var content = _disk.Content(LogFile);
        _disk.SetContent(LogFile, content[..^Math.Min(lostBytes, content.Length)]);

        var refusal = Assert.ThrowsAny<IOException>(() => Open(_disk, recoveryPoint: end));

        Assert.Contains($"and had {end}", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("Restore the folder from a copy", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AFolderThatIsLostIsRefused()
    {
        Assert.ThrowsAny<IOException>(() => Open(_disk, recoveryPoint: new Offset(5)));
    }

    [Fact]
    public void DamageBeforeSoundRecordsIsRefused()
    {
        using (var log = Open(_disk))
            Fill(log, 3);
        Flip(LogFile, 200);

        var refusal = Assert.ThrowsAny<IOException>(() => Open(_disk));

        Assert.Contains("Restore __cluster_metadata-0 from a copy", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AFullDiskHasRoomForUrgentRecordsAlone()
    {
        using var log = Open(_disk);
        Fill(log, 3);
        _disk.Capacity = _disk.Used;

        // It may fit into the block that the reserve ends in, but no more.
        var large = ConfigsImage.Record(ConfigResource.Topic, "t0", "k", new string('v', 5_000));
        Assert.False(log.TryAppend([large], LogFixture.Now, isUrgent: false));
        Assert.True(log.TryAppend(Topic(4), LogFixture.Now, isUrgent: true));
        _disk.Capacity = long.MaxValue;
        Assert.True(log.TryAppend(Topic(5), LogFixture.Now, isUrgent: false));

        log.Dispose();
        Assert.Equal(["t0", "t1", "t2", "t4", "t5"], Topics(_disk));
    }

    [Fact]
    public void AQuorumOfSeveralIsRefused()
    {
        using (Open(_disk))
        {
        }

        var three = Text("quorum-state").Replace("""{"voterId":1}""", """{"voterId":1},{"voterId":2}""");
        _disk.SetContent($"{Folder}/quorum-state", Encoding.UTF8.GetBytes(three));

        Assert.Contains("1, 2", Assert.Throws<UnservableMetadataException>(() => Open(_disk)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void ARecordOfANewerKafkaIsRefused()
    {
        var unknown = new byte[] { 1, 99, 0 };
        Assert.Contains("type 99", Assert.Throws<UnknownRecordException>(() => MetadataRecord.Read(unknown)).Message,
            StringComparison.Ordinal);
    }

    /// <summary>How often the disk is changed while twenty topics are decided.</summary>
    private int Steps()
    {
        var steps = 0;
        using var log = Open(new SimDisk { Before = (call, _) => steps += call == DiskCall.Read ? 0 : 1 }, 400);
        Fill(log, 20);
        return steps;
    }

    private LocalMetadataLog Open(
        IDisk disk, long bytesBetweenSnapshots = 20_000_000, Offset recoveryPoint = default) => LocalMetadataLog.Open(
        disk, new MetadataLogOptions(1)
        {
            RecoveryPoint = recoveryPoint,
            BytesBetweenSnapshots = bytesBetweenSnapshots,
            Log = _told.Add,
        },
        LogFixture.Now);

    private static void Fill(LocalMetadataLog log, int topics)
    {
        for (var i = 0; i < topics; i++)
            Decide(log, i);
    }

    private static void Decide(LocalMetadataLog log, int topic)
    {
        Assert.True(log.TryAppend(Topic(topic), LogFixture.Now, isUrgent: false));
        log.SnapshotIfDue(Image(topic + 1), LogFixture.Now);
    }

    private static IMessage[] Topic(int number) =>
        [new TopicRecord { Name = $"t{number}", TopicId = new Uuid(9, (ulong)number + 1) }];

    private static ClusterImage Image(int topics) => Enumerable.Range(0, topics).SelectMany(Topic).Aggregate(
        ClusterImage.Empty with { Features = FeaturesImage.OfNewCluster }, (image, record) => image.Replay(record));

    private static string[] Topics(int count) =>
        [.. Enumerable.Range(0, count).Select(i => $"t{i}").Order(StringComparer.Ordinal)];

    private string[] Topics(SimDisk disk)
    {
        using var log = Open(disk);
        var image = log.ReadAll().Aggregate(ClusterImage.Empty, (image, record) => image.Replay(record));
        Assert.Equal(33, image.Features.Levels["metadata.version"]);
        return [.. image.Topics.Names.Order(StringComparer.Ordinal)];
    }

    private string Text(string file) => Encoding.UTF8.GetString(_disk.Content($"{Folder}/{file}"));

    private void Flip(string path, int position)
    {
        var content = _disk.Content(path).ToArray();
        content[position] ^= 1;
        _disk.SetContent(path, content);
    }
}
