using System.Text;
using System.Text.Json;
using Millrace.Core.Log.Cleaner;
using Millrace.Core.Model;
using Millrace.Shared;
using Millrace.Unit.Simulated;

namespace Millrace.Unit.Core.Log.Cleaner;

/// <summary>Logs that Apache Kafka 4.4 wrote and cleaned, cleaned once more by this cleaner.</summary>
public sealed class GoldenCleaningTests
{
    [Theory]
    [InlineData("compacted", 2280, 39)]
    [InlineData("compacted-purged", 2280, 30)]
    [InlineData("compacted-transactional", 637, 1)]
    [InlineData("compact-delete", 500, 4)]
    public void EveryLiveKeyStaysAndTombstonesGo(string topic, long end, int tombstones)
    {
        // After the horizons that Kafka set.
        var now = new Instant(4_000_000_000_000);
        var kafka = new KafkaDirectory(KafkaArchive.Stopped);
        List<DataRecord> expected = Expected(kafka.Archive, topic);
        Assert.Equal(tombstones, expected.Count(record => record.Value is null));
        var log = new CleanedLog(disk: kafka.Disk, id: new TopicPartition(topic, 0));
        LogToClean target = LogToClean.Of(log.Log, Offset.None, log.Log.LogEndOffset, now);
        using (var cleaning = new Cleaning(target, new OffsetMap(1 << 20), new Lock(), now))
        {
            while (cleaning.Step() is not null)
            {
            }

            Assert.Equal(end, cleaning.End.Value);
        }

        HashSet<DataRecord> left = [.. log.Records()];
        Assert.All(
            expected.GroupBy(record => record.Key).Select(group => group.Last())
                .Where(record => record.Value is not null),
            record => Assert.Contains(record, left));
        Assert.Equal(
            expected.Where(record => record.Offset >= end),
            left.Where(record => record.Offset >= end).Intersect(expected));
        Assert.DoesNotContain(left, record => record.Offset < end && record.Value is null);
        Assert.All(left.Where(record => record.Offset < end), record => Assert.Contains(record, expected));
    }

    private static List<DataRecord> Expected(KafkaArchive kafka, string topic) =>
        [.. (kafka.Records(topic, 0, committed: true) ?? kafka.Records(topic, 0)!)
            .Select(record => new DataRecord(
                record.GetProperty("offset").GetInt64(), Text(record.GetProperty("key")),
                Text(record.GetProperty("value"))))];

    private static string? Text(JsonElement base64) =>
        base64.GetString() is { } text ? Encoding.UTF8.GetString(Convert.FromBase64String(text)) : null;
}
