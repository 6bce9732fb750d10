namespace Millrace.Core.Groups;

/// <summary>Which partition of __consumer_offsets keeps a group.</summary>
internal static class GroupPartition
{
    /// <summary>The absolute value of Java's hash of the id, modulo the partitions; -2^31 counts as 0.</summary>
    public static int For(string groupId, int partitions)
    {
        var hash = 0;
        foreach (var unit in groupId)
            hash = unchecked(31 * hash + unit);
        return hash == int.MinValue ? 0 : Math.Abs(hash) % partitions;
    }
}
