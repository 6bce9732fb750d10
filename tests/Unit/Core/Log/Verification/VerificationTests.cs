using System.Buffers.Binary;
using Millrace.Core.Log.Verification;
using Millrace.Protocol.Records;
using static Millrace.Unit.Core.Log.Verification.SealedDirectory;

namespace Millrace.Unit.Core.Log.Verification;

/// <summary>One planted damage each, and the check that must name it, with its place.</summary>
public sealed class VerificationTests
{
    private const int CountAt = 57;
    private const int AttributesAt = 21;
    private const int MaxTimestampAt = 35;
    private const int SequenceAt = 53;

    private static readonly Dictionary<string, Case> Cases = new()
    {
        ["a bit of a record"] = new("batch-crc", Path(0, ".log"), d => d.Flip(Path(0, ".log"), d.PositionOf(1) + 80)),
        ["a bit of the checksum"] = new("batch-crc", Path(0, ".log"), d => d.Flip(Path(0, ".log"), 18)),
        ["magic"] = new("batch-magic", Path(0, ".log"), d => d.Change(1, b => b[16] = 1, makeCrc: false)),
        ["a length too large"] = new("batch-header", Path(0, ".log"), d => d.Change(1, b => b[8] = 3, makeCrc: false)),
        ["a length too small"] = new("batch-header", Path(0, ".log"), d => d.Change(1, b => b[11] = 1, makeCrc: false)),
        ["garbage at the end of a sealed segment"] = new("batch-header", Path(0, ".log"),
            d => d.Edit(Path(0, ".log"), content => [.. content, 1, 2, 3, 4, 5, 6, 7, 8, 9])),
        ["garbage at the end of the log"] = new("batch-header", Path(21, ".log"),
            d => d.Edit(Path(21, ".log"), content => [.. content, .. new byte[100]])),
        ["a cut log"] = new("batch-torn", Path(21, ".log"), d => d.Edit(Path(21, ".log"), content => content[..^10])),
        ["a cut sealed segment"] = new("batch-torn", Path(12, ".log"),
            d => d.Edit(Path(12, ".log"), content => content[..^10])),
        ["a base offset too high"] = new("batch-offset", Path(0, ".log"), d => d.Flip(Path(0, ".log"), 3)),
        ["a base offset a little too high"] = new("batch-offset", Path(12, ".log"),
            d => d.Flip(Path(12, ".log"), d.PositionOf(6) + 7, bit: 5)),
        ["a base offset too low"] = new("batch-offset", Path(0, ".log"),
            d => d.Flip(Path(0, ".log"), d.PositionOf(3) + 7, bit: 3)),
        ["a batch taken out"] = new("batch-gap", Path(0, ".log"), d => d.Remove(2)),
        ["a segment taken out"] = new("batch-gap", Path(0, ".log"), d =>
        {
            foreach (string suffix in (string[])[".log", ".index", ".timeindex"])
                d.Disk.Delete(Path(12, suffix));
        }),
        ["a batch too few at a segment's start"] = new("segment-gap", Path(12, ".log"), d => d.Remove(5)),
        ["a segment of another place"] = new("segment-order", Path(10, ".log"),
            d => d.Disk.Rename(Path(12, ".log"), Path(10, ".log"))),
        ["too few records"] = new("batch-count", Path(0, ".log"), d => d.Change(0, b => b[CountAt + 3] = 2)),
        ["too many records"] = new("batch-count", Path(0, ".log"), d => d.Change(0, b => b[CountAt + 3] = 9)),
        ["a negative last offset"] = new("batch-count", Path(0, ".log"), d => d.Change(0, b => b[23] = 0x80)),
        ["an unknown attribute"] = new("batch-attributes", Path(0, ".log"), d => d.Change(0, b => b[AttributesAt] = 1),
            Severity.Warning),
        ["an unknown codec"] = new("batch-codec", Path(0, ".log"), d => d.Change(0, b => b[AttributesAt + 1] = 6)),
        ["a codec that it is not"] = new("batch-compression", Path(0, ".log"),
            d => d.Change(0, b => b[AttributesAt + 1] = (byte)CompressionType.Zstd)),
        ["a transaction of nobody"] = new("batch-producer", Path(0, ".log"),
            d => d.Change(0, b => b[AttributesAt + 1] = 0x10)),
        ["a producer without sequence"] = new("batch-producer", Path(0, ".log"),
            d => d.Change(1, b => b.AsSpan(SequenceAt, 4).Fill(0xff))),
        ["a record's length"] = new("records", Path(0, ".log"), d => d.Change(0, b => b[61] = 2)),
        ["a record's offset"] = new("record-offsets", Path(0, ".log"), d => d.Change(0, b => b[64] = 8)),
        ["the greatest timestamp"] = new("max-timestamp", Path(0, ".log"),
            d => d.Change(0, b => b[MaxTimestampAt + 7] ^= 1)),
        ["a marker of no type"] = new("control-record", Path(0, ".log"), d => d.Change(4, b => b[68] = 9)),
        ["a marker outside a transaction"] = new("control-record", Path(0, ".log"),
            d => d.Change(4, b => b[AttributesAt + 1] = 0x20)),
        ["an epoch that falls"] = new("leader-epoch", Path(21, ".log"),
            d => d.Change(9, b => b[15] = 0, makeCrc: false)),
        ["an epoch that begins too early"] = new("leader-epoch", Path(0, ".log"),
            d => d.Change(4, b => b[15] = 1, makeCrc: false)),
        ["an epoch that the file lacks"] = new("leader-epoch", Path(12, ".log"),
            d => d.SetText($"{Folder}/leader-epoch-checkpoint", "0\n1\n0 0\n")),
        ["epochs that do not ascend"] = new("leader-epoch-checkpoint", $"{Folder}/leader-epoch-checkpoint",
            d => d.SetText($"{Folder}/leader-epoch-checkpoint", "0\n2\n1 18\n0 0\n")),
        ["an epoch behind the end"] = new("leader-epoch-checkpoint", $"{Folder}/leader-epoch-checkpoint",
            d => d.SetText($"{Folder}/leader-epoch-checkpoint", "0\n3\n0 0\n1 18\n2 90\n")),
        ["a count of epochs"] = new("leader-epoch-checkpoint", $"{Folder}/leader-epoch-checkpoint",
            d => d.SetText($"{Folder}/leader-epoch-checkpoint", "0\n3\n0 0\n1 18\n")),
        ["no epochs"] = new("leader-epoch-checkpoint", $"{Folder}/leader-epoch-checkpoint",
            d => d.Disk.Delete($"{Folder}/leader-epoch-checkpoint"), Severity.Warning),
        ["a sequence gap"] = new("producer-sequence", Path(12, ".log"),
            d => d.Replace(5, Data(12, producer: 7, sequence: 8))),
        ["a sequence twice"] = new("producer-repeated", Path(12, ".log"),
            d => d.Replace(5, Data(12, producer: 7, sequence: 3))),
        ["a producer's epoch that falls"] = new("producer-epoch", Path(12, ".log"),
            d => d.Replace(4, Marker(11, 9, ControlRecord.Abort, producerEpoch: 3))),
        ["a shifted index"] = new("index-position", Path(0, ".index"), d => d.Edit(Path(0, ".index"), content =>
        {
            for (int i = 0; i < content.Length; i += 8)
                content[i + 7]++;
            return content;
        })),
        ["an index of other offsets"] = new("index-offset", Path(0, ".index"), d => d.Edit(Path(0, ".index"), content =>
        {
            for (int i = 0; i < content.Length; i += 8)
                content[i + 3]--;
            return content;
        })),
        ["an index entry too high"] = new("index-order", Path(0, ".index"), d => d.Flip(Path(0, ".index"), 1)),
        ["half an index entry"] = new("index-size", Path(0, ".index"),
            d => d.Edit(Path(0, ".index"), content => [.. content, 0, 0, 0])),
        ["an index entry behind zeros"] = new("index-size", Path(0, ".index"),
            d => d.Edit(Path(0, ".index"), content => [.. content, .. new byte[16], 0, 0, 0, 9, 0, 0, 9, 9])),
        ["no index"] = new("index-missing", Path(0, ".index"), d => d.Disk.Delete(Path(0, ".index")), Severity.Warning),
        ["an index alone"] = new("orphan", Path(5, ".index"), d => d.Disk.SetContent(Path(5, ".index"), []),
            Severity.Warning),
        ["a time entry of another time"] = new("timeindex-timestamp", Path(0, ".timeindex"),
            d => d.Edit(Path(0, ".timeindex"), content => [.. content[..7], (byte)(content[7] + 1), .. content[8..]])),
        ["a time entry of no batch"] = new("timeindex-offset", Path(21, ".timeindex"),
            d => d.Edit(Path(21, ".timeindex"), content => [.. content[..^1], (byte)(content[^1] + 1)])),
        ["time entries that do not ascend"] = new("timeindex-order", Path(0, ".timeindex"),
            d => d.Flip(Path(0, ".timeindex"), 14)),
        ["half a time entry"] = new("timeindex-size", Path(0, ".timeindex"),
            d => d.Edit(Path(0, ".timeindex"), content => [.. content, 1])),
        ["no last time entry"] = new("timeindex-last", Path(0, ".timeindex"),
            d => d.Edit(Path(0, ".timeindex"), content => content[..^12])),
        ["no time index"] = new("timeindex-missing", Path(0, ".timeindex"), d => d.Disk.Delete(Path(0, ".timeindex")),
            Severity.Warning),
        ["an aborted transaction of another producer"] = new("txnindex-entry", Path(0, ".txnindex"),
            d => d.Flip(Path(0, ".txnindex"), 9)),
        ["an aborted transaction that begins elsewhere"] = new("txnindex-entry", Path(0, ".txnindex"),
            d => d.Flip(Path(0, ".txnindex"), 17)),
        ["an aborted transaction that ends elsewhere"] = new("txnindex-missing", Path(0, ".txnindex"),
            d => d.Flip(Path(0, ".txnindex"), 25)),
        ["another last stable offset"] = new("txnindex-entry", Path(0, ".txnindex"),
            d => d.Flip(Path(0, ".txnindex"), 33)),
        ["no transaction index"] = new("txnindex-missing", Path(0, ".txnindex"),
            d => d.Disk.Delete(Path(0, ".txnindex"))),
        ["half a transaction entry"] = new("txnindex-size", Path(0, ".txnindex"),
            d => d.Edit(Path(0, ".txnindex"), content => [.. content, 0])),
        ["an aborted transaction too many"] = new("txnindex-entry", Path(12, ".txnindex"),
            d => d.Disk.SetContent(Path(12, ".txnindex"), d.Disk.Content(Path(0, ".txnindex")))),
        ["a bit of a snapshot"] = new("snapshot", Path(12, ".snapshot"), d => d.Flip(Path(12, ".snapshot"), 20)),
        ["a cut snapshot"] = new("snapshot", Path(12, ".snapshot"), d => d.Edit(Path(12, ".snapshot"), c => c[..5])),
        ["a snapshot of another sequence"] = new("snapshot-producer", Path(12, ".snapshot"), d => d.WriteSnapshot(12,
            new Said(7, 4, 10, 2, Time + 10, -1, -1), new Said(9, 1, 7, 1, Time + 11, 4, -1))),
        ["a snapshot of a stranger"] = new("snapshot-producer", Path(12, ".snapshot"),
            d => d.WriteSnapshot(12, new Said(8, 4, 10, 2, Time + 10, -1, -1))),
        ["a snapshot of a transaction"] = new("snapshot-producer", Path(12, ".snapshot"),
            d => d.WriteSnapshot(12, new Said(9, 1, 7, 1, Time + 11, 4, 6))),
        ["a snapshot without an open transaction"] = new("snapshot-producer", Path(16, ".snapshot"),
            d =>
            {
                d.Replace(4, Data(11, 1));
                d.WriteSnapshot(16);
            }),
        ["a snapshot behind the end"] = new("snapshot-offset", Path(99, ".snapshot"), d => d.WriteSnapshot(99)),
        ["another topic's id"] = new("partition.metadata", $"{Folder}/partition.metadata",
            d => d.SetText($"{Folder}/partition.metadata", "version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAQ")),
        ["no topic's id"] = new("partition.metadata", $"{Folder}/partition.metadata",
            d => d.SetText($"{Folder}/partition.metadata", "version: 7\n")),
        ["no partition.metadata"] = new("partition.metadata", $"{Folder}/partition.metadata",
            d => d.Disk.Delete($"{Folder}/partition.metadata"), Severity.Warning),
        ["no meta.properties"] = new("meta.properties", "meta.properties", d => d.Disk.Delete("meta.properties"),
            Severity.Warning),
        ["meta.properties of a later version"] = new("meta.properties", "meta.properties",
            d => d.SetText("meta.properties", "version=2\n")),
        ["a recovery point behind the end"] = Checkpoint("recovery-point-offset-checkpoint"),
        ["a high watermark behind the end"] = Checkpoint("replication-offset-checkpoint"),
        ["a log start behind the end"] = Checkpoint("log-start-offset-checkpoint"),
        ["a cleaner offset behind the end"] = Checkpoint("cleaner-offset-checkpoint"),
        ["a log start before the first segment"] = new("log-start-offset-checkpoint", "log-start-offset-checkpoint",
            d =>
            {
                foreach (string suffix in (string[])[".log", ".index", ".timeindex", ".txnindex"])
                    d.Disk.Delete(Path(0, suffix));
                d.SetText("log-start-offset-checkpoint", "0\n1\norders 0 5\n");
            }, Severity.Note),
        ["a line that is none"] = new("replication-offset-checkpoint", "replication-offset-checkpoint",
            d => d.SetText("replication-offset-checkpoint", "0\n1\norders x 5\n")),
        ["a line twice"] = new("replication-offset-checkpoint", "replication-offset-checkpoint",
            d => d.SetText("replication-offset-checkpoint", "0\n2\norders 0 5\norders 0 6\n")),
        ["a version of checkpoints"] = new("replication-offset-checkpoint", "replication-offset-checkpoint",
            d => d.SetText("replication-offset-checkpoint", "9\n0\n")),
        ["a folder that is gone"] = new("no-folder", "recovery-point-offset-checkpoint",
            d => d.SetText("recovery-point-offset-checkpoint", $"0\n2\norders 0 {End}\nlost 3 9\n"), Severity.Warning),
        ["a deleted segment"] = new("leftover", $"{Folder}/{0:D20}.log.deleted",
            d => d.Disk.SetContent($"{Folder}/{0:D20}.log.deleted", [1]), Severity.Note),
        ["an unknown file"] = new("unknown-file", $"{Folder}/notes", d => d.SetText($"{Folder}/notes", ""),
            Severity.Note),
        ["an unknown file of the directory"] = new("unknown-file", "notes", d => d.SetText("notes", ""), Severity.Note),
        ["a deleted folder"] = new("leftover", "orders-1.0123-delete",
            d => d.Disk.CreateDirectory("orders-1.0123-delete"), Severity.Note),
        ["an unknown topic"] = new("stray", "other-0", d =>
        {
            d.Disk.CreateDirectory("other-0");
            d.Disk.SetContent($"other-0/{0:D20}.log", []);
        }, Severity.Warning),
        ["no log"] = new("no-log", Folder, d =>
        {
            foreach (long offset in Bases)
                d.Disk.Delete(Path(offset, ".log"));
        }),
        ["a metadata snapshot of no form"] = new("metadata-snapshot",
            $"{TopicFacts.MetadataFolder}/{0:D20}-{0:D10}.checkpoint",
            d => d.Disk.SetContent($"{TopicFacts.MetadataFolder}/{0:D20}-{0:D10}.checkpoint", Data(0))),
        ["no metadata snapshot"] = new("metadata-snapshot", TopicFacts.MetadataFolder, d =>
            d.Disk.Rename($"{TopicFacts.MetadataFolder}/{0:D20}.log", $"{TopicFacts.MetadataFolder}/{5:D20}.log")),
        ["a file that can't be read"] = new("unreadable", Path(12, ".log"),
            d => d.Disk.Refuses = p => p == Path(12, ".log")),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory]
    [InlineData("delete")]
    [InlineData("compact")]
    [InlineData(null)]
    public void A_directory_in_order_has_no_findings(string? policy) =>
        Assert.Empty(new SealedDirectory(policy).Verify());

    [Theory]
    [MemberData(nameof(Names))]
    public void Planted_damage_is_named(string name)
    {
        Case expected = Cases[name];
        var directory = new SealedDirectory();
        expected.Plant(directory);
        List<Finding> findings = directory.Verify();
        Assert.Contains(findings, finding => finding.Check == expected.Check && finding.File == expected.File
            && finding.Severity == expected.Severity);
    }

    [Fact]
    public void Damage_is_told_by_position_and_offsets()
    {
        var directory = new SealedDirectory();
        directory.Flip(Path(0, ".log"), directory.PositionOf(1) + 80);
        Finding finding = Assert.Single(directory.Verify());
        Assert.Equal((directory.PositionOf(1), 3, 5), (finding.Position, finding.FirstOffset, finding.LastOffset));
    }

    [Fact]
    public void Damage_in_the_metadata_log_says_that_the_start_refuses_it()
    {
        var directory = new SealedDirectory();
        directory.Edit("__cluster_metadata-0/00000000000000000000.log", content =>
        {
            byte[] behind = [.. content];
            behind[7] = 2; // its base offset
            content[70] ^= 1;
            return [.. content, .. behind];
        });
        Finding finding = Assert.Single(directory.Verify(), finding => finding.Check == "batch-crc");
        Assert.StartsWith("The start refuses it", finding.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_folder_is_renamed_where_nobody_knows_its_topic()
    {
        var directory = new SealedDirectory();
        directory.Disk.CreateDirectory("unknown-0");
        directory.Disk.CreateDirectory("orders-1");
        List<Finding> findings = directory.Verify();
        Assert.Equal(
            ["The next start makes an empty one.", "The next start renames the folder to NAME.TOPICID-stray."],
            findings.Where(finding => finding.Check == "no-log").Select(finding => finding.Advice));
    }

    [Fact]
    public void Behind_garbage_the_walk_goes_on()
    {
        var directory = new SealedDirectory();
        directory.Edit(Path(0, ".log"), content =>
        {
            content.AsSpan(directory.PositionOf(1), 70).Fill(0xaa);
            return content;
        });
        Finding finding = Assert.Single(directory.Verify());
        Assert.Equal(("batch-header", 3, 5), (finding.Check, finding.FirstOffset, finding.LastOffset));
    }

    [Fact]
    public void A_file_full_of_headers_that_are_none_is_done_with_soon()
    {
        var directory = new SealedDirectory();
        byte[] header = Data(21, epoch: 1)[..61];
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(8), 900_000);
        directory.Disk.SetContent(Path(21, ".log"), [.. Enumerable.Repeat(header, 32_000).SelectMany(h => h)]);
        Assert.Contains(directory.Verify(), finding => finding.File == Path(21, ".log"));
    }

    [Fact]
    public void A_tail_that_was_not_flushed_is_a_warning_after_an_unclean_stop()
    {
        var directory = new SealedDirectory();
        directory.Disk.Delete(".kafka_cleanshutdown");
        directory.SetText("recovery-point-offset-checkpoint", "0\n1\norders 0 24\n");
        directory.Edit(Path(21, ".log"), content => content[..^10]);
        Assert.DoesNotContain(directory.Verify(), finding => finding.Severity == Severity.Error);
        directory.SetText("recovery-point-offset-checkpoint", "0\n1\norders 0 25\n");
        Assert.Contains(directory.Verify(), finding => finding is { Severity: Severity.Error, Check: "batch-torn" });
    }

    [Fact]
    public void A_tail_in_flight_is_a_note_while_the_directory_is_in_use()
    {
        var directory = new SealedDirectory();
        directory.SetText("recovery-point-offset-checkpoint", "0\n1\norders 0 24\n");
        directory.Edit(Path(21, ".log"), content => content[..^10]);
        List<Finding> findings = directory.Verify(isInUse: true);
        Assert.Contains(findings, finding => finding is { Severity: Severity.Note, Check: "tail", FirstOffset: 24 });
        Assert.Contains(findings, finding => finding is { Severity: Severity.Note, Check: "in-use" });
        Assert.DoesNotContain(findings, finding => finding.Severity == Severity.Error);
    }

    [Theory]
    [InlineData("compact")]
    [InlineData(null)]
    public void Missing_offsets_are_a_note_where_the_topic_may_be_compacted(string? policy)
    {
        var directory = new SealedDirectory(policy);
        directory.Remove(0);
        Finding finding = Assert.Single(directory.Verify());
        Assert.Equal((Severity.Note, "gaps", 0, 2),
            (finding.Severity, finding.Check, finding.FirstOffset, finding.LastOffset));
    }

    [Fact]
    public void What_was_not_cleaned_yet_has_no_gaps()
    {
        var directory = new SealedDirectory("compact");
        directory.SetText("cleaner-offset-checkpoint", "0\n1\norders 0 12\n");
        directory.Remove(8);
        Assert.Contains(directory.Verify(), finding => finding is { Severity: Severity.Error, Check: "batch-gap" });
    }

    [Fact]
    public void Space_taken_ahead_is_no_damage()
    {
        var directory = new SealedDirectory();
        directory.Disk.Delete(".kafka_cleanshutdown");
        foreach (string suffix in (string[])[".index", ".timeindex"])
            directory.Edit(Path(21, suffix), content => [.. content, .. new byte[4096]]);
        Assert.Empty(directory.Verify());
    }

    [Fact]
    public void Many_findings_of_a_kind_are_counted_not_told()
    {
        var directory = new SealedDirectory();
        directory.Disk.SetContent(Path(21, ".index"), [.. Enumerable.Range(1, 40).SelectMany(
            i => (byte[])[0, 0, 0, (byte)(100 + i), 0, 0, (byte)i, 1])]);
        List<Finding> findings = directory.Verify();
        Assert.Equal(Findings.MostOfOneKind + 1, findings.Count(finding => finding.Check == "index-position"));
        Assert.Contains("30 more", findings[^1].Problem, StringComparison.Ordinal);
    }

    private static Case Checkpoint(string name) =>
        new(name, name, directory => directory.SetText(name, $"0\n1\norders 0 {End + 1}\n"));

    private sealed record Case(
        string Check, string File, Action<SealedDirectory> Plant, Severity Severity = Severity.Error);
}
