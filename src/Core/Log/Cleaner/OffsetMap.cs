namespace Millrace.Core.Log.Cleaner;

/// <summary>
/// The last offset of each key in the part of a log that is not clean yet: one array with open addressing. Owned by the
/// cleaner, which uses it for one log after the other.
/// 1. Keys are told apart by their hashes alone. 2. It never takes more than its bytes, and no more keys than the load
/// factor lets it: behind the offset where it is full the log stays dirty. 3. Nothing is allocated for a key.
/// </summary>
internal sealed class OffsetMap(long maxBytes, double loadFactor = 0.9)
{
    public const int SlotSize = 24;

    private const int LeastSlots = 16;

    private readonly int _mostSlots = (int)Math.Clamp(maxBytes / SlotSize, LeastSlots, Array.MaxLength);
    private Slot[] _array = [];
    private int _slots;
    private int _mostKeys;

    public int Count { get; private set; }

    /// <summary>All keys up to this offset are in the map; -1 while none are.</summary>
    public long LatestOffset { get; private set; }

    public long Bytes => (long)_array.Length * SlotSize;

    /// <summary>Starts empty, with room for so many records as far as the bytes allow.</summary>
    public void Start(long records)
    {
        double wanted = Math.Min(records / (loadFactor * 0.8), int.MaxValue);
        _slots = (int)Math.Clamp((long)wanted + 1, LeastSlots, _mostSlots);
        _mostKeys = Math.Max((int)(_slots * loadFactor), 1);
        if (_array.Length < _slots)
            _array = new Slot[_slots];
        else
            Array.Clear(_array, 0, _slots);
        Count = 0;
        LatestOffset = -1;
    }

    /// <summary>Gives the memory back until the next start.</summary>
    public void Release() => _array = [];

    /// <summary>False if the map is full.</summary>
    public bool TryPut(ReadOnlySpan<byte> key, long offset)
    {
        if (Count >= _mostKeys)
            return false;
        ref Slot slot = ref Find(KeyHash.Of(key), out KeyHash hash);
        if (slot.OffsetPlusOne == 0)
        {
            slot.Hash = hash;
            Count++;
        }

        slot.OffsetPlusOne = offset + 1;
        return true;
    }

    /// <summary>The last offset of the key; -1 if it is not in the map.</summary>
    public long OffsetOf(ReadOnlySpan<byte> key) => Find(KeyHash.Of(key), out _).OffsetPlusOne - 1;

    /// <summary>All up to this offset has been put.</summary>
    public void AdvanceTo(long offset) => LatestOffset = Math.Max(LatestOffset, offset);

    private ref Slot Find(KeyHash wanted, out KeyHash hash)
    {
        hash = wanted;
        int at = (int)Math.BigMul(wanted.First, (ulong)_slots, out _);
        while (_array[at].OffsetPlusOne != 0 && _array[at].Hash != wanted)
            at = at + 1 == _slots ? 0 : at + 1;
        return ref _array[at];
    }

    private struct Slot
    {
        public KeyHash Hash;
        public long OffsetPlusOne;
    }
}
