using System.Buffers.Binary;
using Millrace.Protocol.Records;

namespace Millrace.Core.Log;

/// <summary>The file of a partition's producers (Kafka's format 1): of each, the last batch only.</summary>
internal static class ProducerSnapshot
{
    private const short Version = 1;
    private const int HeaderSize = 10; // version, CRC, count
    private const int CrcAt = 2;
    private const int CountAt = 6;
    private const int EntrySize = 46;

    public static byte[] Encode(ProducerStates states)
    {
        byte[] file = new byte[HeaderSize + (states.Count * EntrySize)];
        BinaryPrimitives.WriteInt16BigEndian(file, Version);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(CountAt), states.Count);
        Span<byte> entry = file.AsSpan(HeaderSize);
        foreach ((long id, ProducerState state) in states.All)
        {
            ProducedBatch last = state.BatchCount > 0 ? state.LastBatch : new ProducedBatch(-1, -1, -1, 0, -1);
            BinaryPrimitives.WriteInt64BigEndian(entry, id);
            BinaryPrimitives.WriteInt16BigEndian(entry[8..], state.Epoch);
            BinaryPrimitives.WriteInt32BigEndian(entry[10..], last.LastSequence);
            BinaryPrimitives.WriteInt64BigEndian(entry[14..], last.LastOffset);
            BinaryPrimitives.WriteInt32BigEndian(entry[22..], last.OffsetDelta);
            BinaryPrimitives.WriteInt64BigEndian(entry[26..], state.LastTimestamp);
            BinaryPrimitives.WriteInt32BigEndian(entry[34..], state.CoordinatorEpoch);
            BinaryPrimitives.WriteInt64BigEndian(entry[38..], state.CurrentTransactionFirstOffset);
            entry = entry[EntrySize..];
        }

        BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(CrcAt), Crc32C.Compute(file.AsSpan(CountAt)));
        return file;
    }

    /// <summary>
    /// Adds what the file holds to <paramref name="states"/>; false, and nothing added, if it is damaged.
    /// </summary>
    public static bool TryDecode(ReadOnlySpan<byte> file, ProducerStates states)
    {
        if (file.Length < HeaderSize
            || BinaryPrimitives.ReadInt16BigEndian(file) != Version
            || BinaryPrimitives.ReadUInt32BigEndian(file[CrcAt..]) != Crc32C.Compute(file[CountAt..]))
            return false;
        int count = BinaryPrimitives.ReadInt32BigEndian(file[CountAt..]);
        if (count < 0 || file.Length - HeaderSize != (long)count * EntrySize)
            return false;
        for (ReadOnlySpan<byte> entry = file[HeaderSize..]; !entry.IsEmpty; entry = entry[EntrySize..])
            states.Add(BinaryPrimitives.ReadInt64BigEndian(entry), Decode(entry));
        return true;
    }

    private static ProducerState Decode(ReadOnlySpan<byte> entry)
    {
        int lastSequence = BinaryPrimitives.ReadInt32BigEndian(entry[10..]);
        long lastOffset = BinaryPrimitives.ReadInt64BigEndian(entry[14..]);
        int offsetDelta = BinaryPrimitives.ReadInt32BigEndian(entry[22..]);
        long timestamp = BinaryPrimitives.ReadInt64BigEndian(entry[26..]);
        var state = new ProducerState(BinaryPrimitives.ReadInt16BigEndian(entry[8..]))
        {
            LastTimestamp = timestamp,
            CoordinatorEpoch = BinaryPrimitives.ReadInt32BigEndian(entry[34..]),
            CurrentTransactionFirstOffset = BinaryPrimitives.ReadInt64BigEndian(entry[38..]),
        };
        if (lastOffset >= 0)
        {
            int firstSequence = (int)(((long)lastSequence - offsetDelta) & int.MaxValue);
            state.Add(new ProducedBatch(firstSequence, lastSequence, lastOffset, offsetDelta, timestamp));
        }

        return state;
    }
}
