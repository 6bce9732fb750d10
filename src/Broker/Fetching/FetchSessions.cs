using Millrace.Core.Model;

namespace Millrace.Broker.Fetching;

/// <summary>
/// The fetch sessions of this node, so many and no more (KIP-227).
/// </summary>
/// <remarks>
/// <para>Owned by the fetch handler, used from any loop. 1. At most <paramref name="slots"/> sessions, which together
/// weigh at most <see cref="MostWeight"/>. 2. A session gives way to a new one when it was not used for
/// <see cref="IdleMs"/>, the least used first; or when it is older than that and smaller than the new one, the smallest
/// first. Who finds no room fetches without a session.</para>
/// </remarks>
internal sealed class FetchSessions(int slots, IRandomness randomness)
{
    /// <summary>Partitions with usual names that all sessions may hold together.</summary>
    public const long MostWeight = 1_000_000;

    /// <summary>The setting that says how many.</summary>
    public const string Slots = "max.incremental.fetch.session.cache.slots";

    private const long IdleMs = 120_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<int, Slot> _slots = [];
    private long _weight;

    public FetchSession? Find(int id)
    {
        lock (_gate)
            return _slots.GetValueOrDefault(id)?.Session;
    }

    public void Remove(int id)
    {
        lock (_gate)
            RemoveSlot(id);
    }

    /// <summary>Keeps the session, under an id of its own; or leaves it at 0.</summary>
    public void TryAdd(FetchSession session, Instant now)
    {
        lock (_gate)
        {
            if (_slots.Count >= slots)
                Evict(session.Count, now);
            if (_slots.Count >= slots || _weight + session.Weight > MostWeight)
                return;
            session.Id = NewId();
            _slots[session.Id] = new Slot(session, now);
            Use(session, now);
        }
    }

    /// <summary>The session was used, and changed perhaps. False where it had to go, because it has grown too much.
    /// </summary>
    public bool Touch(FetchSession session, Instant now)
    {
        lock (_gate)
        {
            if (_slots.ContainsKey(session.Id))
                Use(session, now);
            if (_weight <= MostWeight)
                return true;
            RemoveSlot(session.Id);
            return false;
        }
    }

    private void Use(FetchSession session, Instant now)
    {
        var slot = _slots[session.Id];
        _weight += session.Weight - slot.Weight;
        slot.Weight = session.Weight;
        slot.Count = session.Count;
        slot.LastUsed = now;
    }

    private void Evict(int count, Instant now)
    {
        if (_slots.Count == 0)
            return;
        var idle = _slots.MinBy(slot => slot.Value.LastUsed);
        if (idle.Value.LastUsed + IdleMs < now)
        {
            RemoveSlot(idle.Key);
            return;
        }

        var old = _slots.Where(slot => slot.Value.Created + IdleMs < slot.Value.LastUsed).ToList();
        if (old.Count == 0)
            return;
        var smallest = old.MinBy(slot => (slot.Value.Count, slot.Key));
        if (smallest.Value.Count < count)
            RemoveSlot(smallest.Key);
    }

    private void RemoveSlot(int id)
    {
        if (_slots.Remove(id, out var slot))
            _weight -= slot.Weight;
    }

    private int NewId()
    {
        int id;
        do
            id = (int)(randomness.NewUuid().Low & int.MaxValue);
        while (id == 0 || _slots.ContainsKey(id));
        return id;
    }

    private sealed class Slot(FetchSession session, Instant created)
    {
        public FetchSession Session => session;

        public Instant Created => created;

        public Instant LastUsed { get; set; }

        public int Count { get; set; }

        public long Weight { get; set; }
    }
}
