using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Records;

namespace Millrace.Unit.Protocol.Records;

/// <summary>The quick look at a batch's records says of every batch what reading record by record says.</summary>
public sealed class RecordScans
{
    private const long Now = 1_700_000_000_000;

    [Fact]
    public void Say_of_mutated_records_what_the_enumerator_says()
    {
        var random = new Random(1);
        int sound = 0;
        int unsound = 0;
        for (int i = 0; i < 60_000; i++)
        {
            byte[] bytes = Sample(random);
            for (int changes = random.Next(4); changes > 0; changes--)
                Mutate(bytes, random);
            Assert.Equal(RecordBatchError.None, RecordBatch.TryRead(bytes, out RecordBatch batch));
            int cut = random.Next(8) == 0 ? random.Next(batch.RecordBytes.Length + 1) : 0;
            ReadOnlySpan<byte> section = batch.RecordBytes[..^cut];

            (string? error, long min, long max, bool areDense, bool haveKeys) = Read(batch, section);
            RecordScan scan = RecordScan.Of(batch, section);
            if (batch.TimestampType == TimestampType.LogAppendTime)
            {
                Assert.False(scan.IsSound);
                continue;
            }

            Assert.Equal(error is null, scan.IsSound);
            if (scan.IsSound)
            {
                sound++;
                Assert.Equal(
                    (min, max, areDense, haveKeys),
                    (scan.MinTimestamp, scan.MaxTimestamp, scan.AreOffsetsDense, scan.HasKeyInEach));
            }
            else
            {
                unsound++;
            }
        }

        Assert.True(sound > 10_000 && unsound > 10_000, $"{sound} sound, {unsound} not");
    }

    [Fact]
    public void Are_taken_for_good_only_where_the_long_way_finds_nothing_wrong()
    {
        var random = new Random(2);
        int good = 0;
        int refused = 0;
        for (int i = 0; i < 60_000; i++)
        {
            byte[] bytes = Sample(random);
            for (int changes = random.Next(3); changes > 0; changes--)
                Mutate(bytes, random);
            RecordBatch.TryRead(bytes, out RecordBatch batch);
            var settings = new LogSettings
            {
                Compact = random.Next(2) == 0,
                TimestampBeforeMaxMs = random.Next(2) == 0 ? long.MaxValue : random.Next(100),
                TimestampAfterMaxMs = random.Next(2) == 0 ? long.MaxValue : random.Next(100),
                TimestampType = (TimestampType)random.Next(2),
            };
            ReadOnlySpan<byte> section = batch.RecordBytes;
            BatchVerdict verdict = BatchValidator.Walk(batch, section, settings, new Instant(Now), out long expected);
            bool isGood = BatchValidator.AreAllGood(batch, section, settings, new Instant(Now), out long greatest);
            if (isGood)
            {
                good++;
                Assert.Equal((ErrorCode.None, expected), (verdict.Error, greatest));
            }
            else if (verdict.Error != ErrorCode.None)
            {
                refused++;
            }
        }

        Assert.True(good > 3_000 && refused > 10_000, $"{good} good, {refused} refused");
    }

    private static (string? Error, long Min, long Max, bool AreDense, bool HaveKeys) Read(
        scoped in RecordBatch batch, ReadOnlySpan<byte> section)
    {
        (long min, long max, bool areDense, bool haveKeys) = (long.MaxValue, long.MinValue, true, true);
        int index = 0;
        RecordEnumerator records = batch.Records(section);
        while (records.MoveNext())
        {
            min = Math.Min(min, records.Current.Timestamp);
            max = Math.Max(max, records.Current.Timestamp);
            areDense &= records.Current.OffsetDelta == index++;
            haveKeys &= records.Current.HasKey;
        }

        return (records.Error, min, max, areDense, haveKeys);
    }

    /// <summary>A batch with all that records may have, most of them short, for damage to hit what steers.</summary>
    private static byte[] Sample(Random random)
    {
        using var builder = new RecordBatchBuilder();
        bool isUniform = random.Next(2) == 0;
        for (int i = random.Next(1, 6); i > 0; i--)
        {
            byte[]? key = !isUniform && random.Next(3) == 0 ? null : new byte[Size(random)];
            byte[]? value = random.Next(5) == 0 ? null : new byte[Size(random)];
            List<KeyValuePair<string, byte[]?>>? headers = random.Next(3) == 0
                ? [.. Enumerable.Range(0, random.Next(4)).Select(at => KeyValuePair.Create(
                    new string('h', at * random.Next(3)), at == 1 ? null : new byte[Size(random)]))]
                : null;
            long timestamp = random.Next(16) switch
            {
                0 => RecordBatch.NoTimestamp,
                1 => random.NextInt64(long.MinValue, long.MaxValue),
                2 => Now + random.Next(-1_000_000, 1_000_000),
                _ => Now + random.Next(-60, 60),
            };
            builder.AppendNullable(timestamp, key, value, headers);
        }

        return builder.Build().ToArray();
    }

    private static int Size(Random random) =>
        random.Next(20) == 0 ? random.Next(64, 20_000) : random.Next(70) < 60 ? random.Next(4) : random.Next(130);

    /// <summary>Everything but the format and the length of the batch.</summary>
    private static void Mutate(byte[] bytes, Random random)
    {
        int at = random.Next(10) == 0 ? random.Next(RecordBatch.CrcAt, RecordBatch.HeaderSize)
            : RecordBatch.HeaderSize + random.Next(Math.Min(bytes.Length - RecordBatch.HeaderSize, 200));
        bytes[at] = random.Next(4) switch
        {
            0 => (byte)(bytes[at] ^ (1 << random.Next(8))),
            1 => (byte)(bytes[at] + (random.Next(2) == 0 ? 2 : -2)),
            2 => 0xFF,
            _ => (byte)random.Next(256),
        };
    }
}
