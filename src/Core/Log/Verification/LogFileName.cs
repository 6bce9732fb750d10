using System.Globalization;
using Millrace.Core.Model;

namespace Millrace.Core.Log.Verification;

/// <summary>What a file in a partition's folder is, by its name.</summary>
internal enum LogFileKind
{
    Log,
    OffsetIndex,
    TimeIndex,
    TransactionIndex,
    ProducerSnapshot,

    /// <summary>A snapshot of the metadata: OFFSET-EPOCH.checkpoint.</summary>
    MetadataSnapshot,

    /// <summary>A file of the partition as a whole.</summary>
    Whole,

    /// <summary>Given up, or not finished: .deleted, .cleaned, .swap, .tmp, .part.</summary>
    Leftover,

    Unknown,
}

/// <summary>The name of a file in a partition's folder, taken apart.</summary>
internal readonly record struct LogFileName(string Name, LogFileKind Kind, long Offset, int Epoch)
{
    private const int Digits = 20;
    private const int EpochDigits = 10;

    public static LogFileName Parse(string name)
    {
        int dot = name.LastIndexOf('.');
        string suffix = dot < 0 ? "" : name[dot..];
        LogFileKind kind = suffix switch
        {
            ".log" => LogFileKind.Log,
            ".index" => LogFileKind.OffsetIndex,
            ".timeindex" => LogFileKind.TimeIndex,
            ".txnindex" => LogFileKind.TransactionIndex,
            ".snapshot" => LogFileKind.ProducerSnapshot,
            ".checkpoint" => LogFileKind.MetadataSnapshot,
            ".deleted" or ".cleaned" or ".swap" or ".tmp" or ".part" => LogFileKind.Leftover,
            _ => LogFileKind.Unknown,
        };
        if (name is EpochCheck.FileName or "partition.metadata" or "quorum-state")
            return new LogFileName(name, LogFileKind.Whole, -1, -1);
        if (kind is LogFileKind.Leftover or LogFileKind.Unknown)
            return new LogFileName(name, kind, -1, -1);
        ReadOnlySpan<char> number = name.AsSpan(0, dot);
        int epoch = -1;
        if (kind == LogFileKind.MetadataSnapshot)
        {
            if (number.Length != Digits + 1 + EpochDigits || number[Digits] != '-'
                || !TryNumber(number[(Digits + 1)..], out long epochNumber) || epochNumber > int.MaxValue)
                return new LogFileName(name, LogFileKind.Unknown, -1, -1);
            epoch = (int)epochNumber;
            number = number[..Digits];
        }

        return number.Length == Digits && TryNumber(number, out long offset)
            ? new LogFileName(name, kind, offset, epoch)
            : new LogFileName(name, LogFileKind.Unknown, -1, -1);
    }

    /// <summary>TOPIC-PARTITION, as a folder is named that is in use.</summary>
    public static bool TryParseFolder(string name, out TopicPartition partition)
    {
        int dash = name.LastIndexOf('-');
        partition = default;
        if (dash <= 0 || !int.TryParse(
            name.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            return false;
        partition = new TopicPartition(name[..dash], number);
        return name == partition.ToString();
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
