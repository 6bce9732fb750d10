using System.Buffers.Binary;
using Millrace.Protocol.Records;

namespace Millrace.Core.Log.Verification;

/// <summary>The file of a partition's producers, read field by field.</summary>
internal static class SnapshotFile
{
    private const int HeaderSize = 10;
    private const int CrcAt = 2;
    private const int CountAt = 6;
    private const int EntrySize = 46;
    private const int Largest = 64 * 1024 * 1024;

    /// <summary>The producers; null, and what is wrong, where the file is damaged.</summary>
    public static ProducerTrace[]? Read(IDisk disk, string path, out string problem)
    {
        problem = "";
        byte[] content;
        using (IDiskFile file = disk.Open(path))
        {
            if (file.Length is < HeaderSize or > Largest)
            {
                problem = $"{file.Length} bytes are no snapshot of producers.";
                return null;
            }

            content = new byte[file.Length];
            if (file.Read(0, content) < content.Length)
                problem = "The file was cut while it was read.";
        }

        short version = BinaryPrimitives.ReadInt16BigEndian(content);
        int count = BinaryPrimitives.ReadInt32BigEndian(content.AsSpan(CountAt));
        if (version != 1)
            problem = $"The version {version} is unknown.";
        else if (BinaryPrimitives.ReadUInt32BigEndian(content.AsSpan(CrcAt)) != Crc32C.Compute(content.AsSpan(CountAt)))
            problem = "The checksum is wrong.";
        else if (count < 0 || content.Length - HeaderSize != (long)count * EntrySize)
            problem = $"{count} producers do not fit {content.Length} bytes.";
        if (problem.Length > 0)
            return null;
        var producers = new ProducerTrace[count];
        for (int i = 0; i < count; i++)
            producers[i] = Decode(content.AsSpan(HeaderSize + (i * EntrySize)));
        return producers;
    }

    private static ProducerTrace Decode(ReadOnlySpan<byte> entry) => new()
    {
        ProducerId = BinaryPrimitives.ReadInt64BigEndian(entry),
        Epoch = BinaryPrimitives.ReadInt16BigEndian(entry[8..]),
        LastSequence = BinaryPrimitives.ReadInt32BigEndian(entry[10..]),
        LastOffset = BinaryPrimitives.ReadInt64BigEndian(entry[14..]),
        OffsetDelta = BinaryPrimitives.ReadInt32BigEndian(entry[22..]),
        LastTimestamp = BinaryPrimitives.ReadInt64BigEndian(entry[26..]),
        CoordinatorEpoch = BinaryPrimitives.ReadInt32BigEndian(entry[34..]),
        TransactionFirstOffset = BinaryPrimitives.ReadInt64BigEndian(entry[38..]),
    };
}
