using System.Text;

namespace Millrace.Protocol.Wire;

/// <summary>
/// Gives the same string for the same UTF-8 bytes, so that the names which every request of a connection repeats are
/// decoded once. Owned by one loop; bounded: a slot holds the last string that fell into it.
/// </summary>
public sealed class StringCache
{
    private const int Slots = 1024;
    private const int LongestCached = 128;

    private readonly (byte[] Utf8, string Text)[] _slots = new (byte[], string)[Slots];

    public string Get(ReadOnlySpan<byte> utf8)
    {
        if (utf8.IsEmpty)
            return "";
        if (utf8.Length > LongestCached)
            return Encoding.UTF8.GetString(utf8);

        ref var slot = ref _slots[Hash(utf8) % Slots];
        if (slot.Utf8 is not null && utf8.SequenceEqual(slot.Utf8))
            return slot.Text;
        slot = (utf8.ToArray(), Encoding.UTF8.GetString(utf8));
        return slot.Text;
    }

    /// <summary>FNV-1a.</summary>
    private static uint Hash(ReadOnlySpan<byte> bytes)
    {
        var hash = 2166136261u;
        foreach (var value in bytes)
            hash = (hash ^ value) * 16777619u;
        return hash;
    }
}
