using System.Text.Json;
using System.Text.RegularExpressions;
using Millrace.Commands;
using Millrace.Core.Log.Verification;
using Millrace.Shared;
using Millrace.Shared.Simulated;
using Millrace.Unit.Simulated;

namespace Millrace.Unit.Core.Log.Verification;

/// <summary>The directories that Apache Kafka wrote, verified and dumped as its own tool dumps them.</summary>
public sealed partial class KafkaDirectoryTests
{
    [Theory]
    [InlineData(KafkaArchive.Old, 14, 14_192)]
    [InlineData(KafkaArchive.Stopped, 73, 20_357)]
    [InlineData(KafkaArchive.Killed, 32, 0)]
    public void Nothing_is_wrong_with_what_Kafka_wrote(string name, long partitions, long records)
    {
        var findings = new List<Finding>();
        var verifier = new DirectoryVerifier(new KafkaDirectory(name).Disk, isInUse: false, findings.Add, _ => { });
        verifier.RunAll();
        Assert.DoesNotContain(findings, finding => finding.Severity != Severity.Note);
        Assert.All(findings, finding => Assert.Contains(finding.Check, (string[])["leftover", "gaps"]));
        Assert.Equal(partitions, verifier.Summary.Partitions);
        if (records > 0)
            Assert.Equal(records, verifier.Summary.Records);
    }

    [Fact]
    public void What_was_given_up_and_what_was_cleaned_is_named()
    {
        var findings = new List<Finding>();
        SimDisk disk = new KafkaDirectory(KafkaArchive.Stopped).Disk;
        new DirectoryVerifier(disk, isInUse: false, findings.Add, _ => { }).RunAll();
        Assert.Equal(3, findings.Count(finding => finding.File.EndsWith("-delete", StringComparison.Ordinal)));
        Assert.Contains(findings, finding => finding.File.EndsWith(".log.deleted", StringComparison.Ordinal));
        string[] cleaned =
        [
            "__consumer_offsets-0", "compact-delete-0", "compacted-0", "compacted-purged-0",
            "compacted-transactional-0",
        ];
        Assert.Equal(cleaned, findings.Where(finding => finding.Check == "gaps").Select(finding => finding.File));
    }

    [Theory]
    [InlineData(KafkaArchive.Stopped)]
    [InlineData(KafkaArchive.Killed)]
    public void A_dump_says_what_Kafkas_dump_says(string name)
    {
        var directory = new KafkaDirectory(name);
        Dictionary<string, List<JsonElement>> files = Dump(directory);
        int compared = 0;
        foreach ((string file, string text) in directory.Archive.Dumps)
        {
            Assert.True(files.TryGetValue(file, out List<JsonElement>? entries), file);
            Compare(file, text, entries);
            compared++;
        }

        Assert.True(compared > 100);
    }

    [Fact]
    public void Every_flipped_bit_of_a_log_that_is_not_compacted_is_found()
    {
        SimDisk disk = new KafkaDirectory(KafkaArchive.Stopped).Disk;
        string[] paths = [.. disk.List("").Where(name => LogFileName.TryParseFolder(name, out _))
            .Where(name => !name.Contains("compact") && !name.StartsWith("__consumer", StringComparison.Ordinal)
                && !name.StartsWith("__transaction", StringComparison.Ordinal))
            .SelectMany(folder => disk.List(folder).Select(name => $"{folder}/{name}"))
            .Where(path => path.EndsWith(".log", StringComparison.Ordinal) && disk.Content(path).Length > 0)];
        var random = new Random(4);
        for (int i = 0; i < 300; i++)
        {
            string path = paths[random.Next(paths.Length)];
            byte[] sound = disk.Content(path);
            byte[] damaged = [.. sound];
            int at = random.Next(2) == 0 ? random.Next(damaged.Length) : random.Next(61);
            damaged[at] ^= (byte)(1 << random.Next(8));
            disk.SetContent(path, damaged);
            bool isFound = false;
            new DirectoryVerifier(disk, isInUse: false, f => isFound |= f.Severity == Severity.Error, _ => { })
                .RunPartition(path[..path.IndexOf('/')]);
            Assert.True(isFound, $"byte {at} of {path}");
            disk.SetContent(path, sound);
        }
    }

    private static Dictionary<string, List<JsonElement>> Dump(KafkaDirectory directory)
    {
        using var stream = new MemoryStream();
        using (var output = new LogDumpJson(stream))
        {
            var options = new LogDumpOptions(Records: true, 0, long.MaxValue, LogBytesFormat.Auto);
            string[] deleted = [.. directory.Disk.List("").Where(
                name => name.EndsWith("-delete", StringComparison.Ordinal))];
            foreach (string? folder in (string?[])[null, .. deleted])
                new LogDump(new LogLocation(directory.Disk, folder, null, IsInUse: false), options, output).Run();
        }

        return JsonDocument.Parse(stream.ToArray()).RootElement.GetProperty("files").EnumerateArray().ToDictionary(
            file => file.GetProperty("file").GetString()!,
            file => file.GetProperty("entries").EnumerateArray().ToList());
    }

    /// <summary>Every number that Kafka's tool prints of a batch, an entry or a producer is in the dump too.</summary>
    private static void Compare(string file, string text, List<JsonElement> entries)
    {
        string[] lines = [.. text.Split('\n').Where(IsEntry)];
        Assert.True(lines.Length == entries.Count, $"{file}: {lines.Length} lines, {entries.Count} entries");
        foreach ((string line, JsonElement entry) in lines.Zip(entries))
        {
            bool isRecord = line.StartsWith('|');
            foreach (Match field in Field().Matches(isRecord ? line.Split(" headerKeys:")[0] : line))
            {
                string key = field.Groups[1].Value;
                string value = field.Groups[2].Value.Replace("OptionalLong.empty", "-1", StringComparison.Ordinal)
                    .Replace("OptionalLong[", "", StringComparison.Ordinal).TrimEnd(']');
                string name = key switch
                {
                    "CreateTime" or "LogAppendTime" => isRecord ? "timestamp" : "maxTimestamp",
                    _ => key,
                };
                if (name == "timestamp" && entry.GetProperty("kind").GetString() == "producer")
                    continue; // of the last batch: the file holds it once
                if (value == "-1" && !entry.TryGetProperty(name, out _))
                    continue;
                Assert.True(entry.TryGetProperty(name, out JsonElement said), $"{file}: {line}: {name}");
                Assert.True(value == said.ToString().ToLowerInvariant(), $"{file}: {line}: {name} is {said}");
            }
        }
    }

    /// <remarks>Of an index that holds zeros alone Kafka's tool prints the first as an entry.</remarks>
    private static bool IsEntry(string line) =>
        EntryStart().IsMatch(line) && !line.Contains("is followed by", StringComparison.Ordinal)
        && !line.EndsWith(" position: 0", StringComparison.Ordinal)
        && !line.StartsWith("timestamp: 0 ", StringComparison.Ordinal);

    [GeneratedRegex(@"(\w+): (OptionalLong\.empty|OptionalLong\[-?\d+\]|-?\w+)(?= |$)")]
    private static partial Regex Field();

    [GeneratedRegex(@"^(baseOffset:|\| offset:|offset: \d+ position:|timestamp: |version: |producerId: )")]
    private static partial Regex EntryStart();
}
