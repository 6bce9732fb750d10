using Millrace.Core.Controller;

namespace Millrace.Core.Groups.Modern;

/// <summary>
/// Tells whether the topics of a group are still what they were: their ids, names and numbers of partitions (KIP-1101).
/// </summary>
/// <remarks>
/// FNV-1a, where Kafka takes XXH3: the value is compared with the group's former one and nothing else. A group that
/// comes from Kafka therefore begins one epoch more, in which its assignment stays.
/// </remarks>
internal static class MetadataHash
{
    private const ulong Basis = 14695981039346656037;
    private const ulong Prime = 1099511628211;

    /// <summary>0 if none of the topics exists. The names come in ordinal order, each once.</summary>
    public static long Of(IEnumerable<string> topics, TopicsImage image)
    {
        var hash = 0UL;
        foreach (var name in topics)
        {
            if (image.Find(name) is not { } topic)
                continue;
            hash = Add(hash == 0 ? Basis : hash, topic.Id.High);
            hash = Add(hash, topic.Id.Low);
            hash = Add(hash, (ulong)topic.Partitions.Length);
            foreach (var unit in name)
                hash = unchecked((hash ^ unit) * Prime);
        }

        return unchecked((long)hash);
    }

    private static ulong Add(ulong hash, ulong value)
    {
        for (var shift = 0; shift < 64; shift += 8)
            hash = unchecked((hash ^ ((value >> shift) & 0xFF)) * Prime);
        return hash;
    }
}
