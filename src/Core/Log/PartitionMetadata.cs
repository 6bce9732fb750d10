using System.Numerics;
using System.Text;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Log;

/// <summary>partition.metadata: the id of the topic that a partition's directory belongs to.</summary>
internal static class PartitionMetadata
{
    private const string Key = "topic_id: ";
    private const int MostDamagedBits = 6; // of one character

    /// <summary>The id; empty if the file is missing or says none.</summary>
    public static Uuid Read(IDisk disk, string directory)
    {
        string path = PathIn(directory);
        if (!disk.Exists(path))
            return Uuid.Zero;
        string? line = DiskFiles.ReadLines(disk, path).FirstOrDefault(l => l.StartsWith(Key, StringComparison.Ordinal));
        return line is not null && Uuid.TryParse(line.AsSpan(Key.Length).Trim(), out Uuid id) ? id : Uuid.Zero;
    }

    /// <summary>
    /// Whether an id that was read can be another one with a damaged byte or character: ids of two topics differ in
    /// about 64 of 128 bits.
    /// </summary>
    public static bool IsDamaged(Uuid read, Uuid written) =>
        read != written
        && BitOperations.PopCount(read.High ^ written.High) + BitOperations.PopCount(read.Low ^ written.Low)
            <= MostDamagedBits;

    public static void Write(IDisk disk, string directory, Uuid topicId) =>
        DiskFiles.WriteAtomically(
            disk, PathIn(directory), new StringBuilder("version: 0\n").Append(Key).Append(topicId).ToString());

    private static string PathIn(string directory) => directory + "/partition.metadata";
}
