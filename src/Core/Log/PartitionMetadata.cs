using System.Buffers.Text;
using System.Text;

namespace Millrace.Core.Log;

/// <summary>partition.metadata: the id of the topic that a partition's directory belongs to.</summary>
internal static class PartitionMetadata
{
    private const string Key = "topic_id: ";

    /// <summary>The id; empty if the file is missing or says none.</summary>
    public static Guid Read(IDisk disk, string directory)
    {
        string path = PathIn(directory);
        if (!disk.Exists(path))
            return Guid.Empty;
        string? line = DiskFiles.ReadLines(disk, path).FirstOrDefault(l => l.StartsWith(Key, StringComparison.Ordinal));
        Span<byte> id = stackalloc byte[16];
        return line is not null
            && Base64Url.TryDecodeFromChars(line.AsSpan(Key.Length).Trim(), id, out int length) && length == id.Length
            ? new Guid(id, bigEndian: true)
            : Guid.Empty;
    }

    public static void Write(IDisk disk, string directory, Guid topicId)
    {
        string id = Base64Url.EncodeToString(topicId.ToByteArray(bigEndian: true));
        DiskFiles.WriteAtomically(
            disk, PathIn(directory), new StringBuilder("version: 0\n").Append(Key).Append(id).ToString());
    }

    private static string PathIn(string directory) => directory + "/partition.metadata";
}
