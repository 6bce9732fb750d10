using Millrace.Protocol.Records;

namespace Millrace.Core.Log.Segments;

/// <summary>The checksum of a batch that stands in a file.</summary>
internal static class BatchChecksum
{
    private const int CoveredFrom = 21;
    private const int ChunkSize = 16 * 1024;

    /// <summary>Whether the CRC in the header is that of the bytes behind it.</summary>
    public static bool IsValid(IDiskFile file, long position, scoped in RecordBatch header)
    {
        Span<byte> chunk = stackalloc byte[ChunkSize];
        uint crc = 0;
        long end = position + header.SizeInBytes;
        for (long at = position + CoveredFrom; at < end;)
        {
            int count = file.Read(at, chunk[..(int)Math.Min(chunk.Length, end - at)]);
            if (count == 0)
                return false;
            crc = Crc32C.Append(crc, chunk[..count]);
            at += count;
        }

        return crc == header.Crc;
    }
}
