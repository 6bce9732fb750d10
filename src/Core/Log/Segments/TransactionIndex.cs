using System.Buffers.Binary;

namespace Millrace.Core.Log.Segments;

/// <summary>
/// A transaction that ended with an abort: its records are those of the producer from <paramref name="FirstOffset"/> to
/// the marker at <paramref name="LastOffset"/>.
/// </summary>
/// <param name="ProducerId">Whose transaction it was.</param>
/// <param name="FirstOffset">Of its first record in the partition.</param>
/// <param name="LastOffset">Of its marker.</param>
/// <param name="LastStableOffset">Of the partition once the marker was written: a reader that has come to an entry
/// whose stable offset is at or above the end of what it reads needs no later one.</param>
internal readonly record struct AbortedTransaction(
    long ProducerId, long FirstOffset, long LastOffset, long LastStableOffset);

/// <summary>The file of a segment's aborted transactions (.txnindex), in the order of their markers.</summary>
internal static class TransactionIndex
{
    public const int EntrySize = 34;

    private const short Version = 0;

    public static byte[] Encode(IReadOnlyList<AbortedTransaction> transactions)
    {
        byte[] file = new byte[transactions.Count * EntrySize];
        Span<byte> entry = file;
        foreach (AbortedTransaction transaction in transactions)
        {
            BinaryPrimitives.WriteInt16BigEndian(entry, Version);
            BinaryPrimitives.WriteInt64BigEndian(entry[2..], transaction.ProducerId);
            BinaryPrimitives.WriteInt64BigEndian(entry[10..], transaction.FirstOffset);
            BinaryPrimitives.WriteInt64BigEndian(entry[18..], transaction.LastOffset);
            BinaryPrimitives.WriteInt64BigEndian(entry[26..], transaction.LastStableOffset);
            entry = entry[EntrySize..];
        }

        return file;
    }

    /// <summary>False if the file is damaged; markers must lie between the two offsets, the second excluded.</summary>
    public static bool TryDecode(
        ReadOnlySpan<byte> file, long baseOffset, long nextOffset, out List<AbortedTransaction> transactions)
    {
        transactions = [];
        long marker = baseOffset - 1;
        for (; file.Length >= EntrySize; file = file[EntrySize..])
        {
            var next = new AbortedTransaction(
                BinaryPrimitives.ReadInt64BigEndian(file[2..]),
                BinaryPrimitives.ReadInt64BigEndian(file[10..]),
                BinaryPrimitives.ReadInt64BigEndian(file[18..]),
                BinaryPrimitives.ReadInt64BigEndian(file[26..]));
            if (BinaryPrimitives.ReadInt16BigEndian(file) != Version || next.ProducerId < 0 || next.FirstOffset < 0
                || next.LastOffset <= marker || next.LastOffset >= nextOffset || next.FirstOffset > next.LastOffset)
                return false;
            transactions.Add(next);
            marker = next.LastOffset;
        }

        return file.IsEmpty;
    }
}
