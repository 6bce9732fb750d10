namespace Millrace.Simulation.Ledgers;

/// <summary>A record that a producer has sent, once or again.</summary>
internal sealed class SentRecord(int id, short acks)
{
    public int Id { get; } = id;

    public short Acks { get; } = acks;
}

/// <summary>
/// What is known of one partition from outside: what was sent, and which record each offset has shown.
/// </summary>
/// <remarks>
/// <para>1. An offset that has shown a record shows no other, unless the record may have been lost. 2. A record is kept
/// from when its acks=all is answered, or a reader has seen it and it was sent with acks=all. 3. What may be lost is
/// what is not kept, in a power failure alone.</para>
/// </remarks>
internal sealed class PartitionLedger(World world, string name, bool keepsAll)
{
    private const int MostRecords = 5; // of a batch

    private readonly Dictionary<int, SentRecord> _sent = [];
    private readonly List<Shown> _shown = [];
    private readonly List<(long From, long End)> _damaged = [];

    public string Name { get; } = name;

    /// <summary>No retention deletes anything here.</summary>
    public bool KeepsAll { get; } = keepsAll;

    /// <summary>Every record was sent with acks=all.</summary>
    public bool IsDurable { get; private set; } = true;

    /// <summary>What a life of the broker has let be seen: neither goes back.</summary>
    public long HighWatermark { get; private set; }

    public long LogStartOffset { get; private set; }

    /// <summary>The end of what is kept.</summary>
    public long KeptEnd { get; private set; }

    /// <summary>Bits of the log's files that were turned over: only then may damage be told.</summary>
    public int Flips { get; set; }

    /// <summary>The start that an answered DeleteRecords has promised.</summary>
    public long PromisedStart { get; private set; }

    public void Sent(SentRecord record)
    {
        _sent[record.Id] = record;
        IsDurable &= record.Acks == -1;
    }

    /// <summary>The broker has told a producer where its records are.</summary>
    public void Acknowledged(IReadOnlyList<SentRecord> records, long baseOffset)
    {
        for (var i = 0; i < records.Count; i++)
            Show(baseOffset + i, records[i].Id, isKept: records[i].Acks == -1);
    }

    /// <summary>A reader was given a record.</summary>
    public void Read(long offset, int id) => Show(offset, id, isKept: true);

    /// <summary>An answered DeleteRecords: nothing below comes back.</summary>
    public void Trimmed(long start) => PromisedStart = Math.Max(PromisedStart, start);

    /// <summary>The broker has told that offsets can't be read. A flipped bit costs its batch, no more.</summary>
    public void ToldDamage(long from, long end)
    {
        if (Flips == 0)
            world.Fail($"{Name}: offsets {from} to {end - 1} are said to be damaged, and nothing was");
        else if (end - from > (long)MostRecords * Flips)
            world.Fail($"{Name}: {Flips} flipped bits have damaged offsets {from} to {end - 1}");
        else
            _damaged.Add((from, end));
    }

    /// <summary>Where the damage ends that an offset lies in; null if none was told.</summary>
    public long? DamageEnd(long offset) =>
        _damaged.Find(range => range.From <= offset && offset < range.End) is { End: > 0 } range ? range.End : null;

    /// <summary>
    /// The broker has told that the end of the log was cut: behind a flipped bit nothing can be known.
    /// </summary>
    public void ToldCut(long from)
    {
        if (Flips == 0)
            return;
        if (from < _shown.Count)
            _shown.RemoveRange((int)from, _shown.Count - (int)from);
        KeptEnd = Math.Min(KeptEnd, from);
    }

    /// <summary>What the broker lets be seen, in one life.</summary>
    public void Observe(long highWatermark, long logStartOffset)
    {
        if (highWatermark < HighWatermark)
            world.Fail($"{Name}: the high watermark went back from {HighWatermark} to {highWatermark}");
        if (logStartOffset < LogStartOffset)
            world.Fail($"{Name}: the log's start went back from {LogStartOffset} to {logStartOffset}");
        if (KeepsAll && logStartOffset > 0)
            world.Fail($"{Name}: nothing may be deleted, and the log starts at {logStartOffset}");
        (HighWatermark, LogStartOffset) = (highWatermark, logStartOffset);
    }

    /// <summary>A new life has recovered the log: all that it holds is given, and must be all that was kept.</summary>
    public void Recovered(long start, long end, IReadOnlyList<(long Offset, int Id)> records)
    {
        (HighWatermark, LogStartOffset) = (0, 0);
        Observe(end, start);
        if (start < PromisedStart)
            world.Fail($"{Name}: records below {PromisedStart} were deleted for good, and the log starts at {start}");
        var seen = new HashSet<int>();
        var next = start;
        foreach (var (offset, id) in records)
        {
            if (offset < start)
                continue;
            if (offset != next && !IsDamaged(next, offset))
                world.Fail($"{Name}: behind offset {next - 1} comes {offset}");
            if (!seen.Add(id))
                world.Fail($"{Name}: record {id} is there twice, again at offset {offset}");
            Show(offset, id, isKept: false);
            next = offset + 1;
        }

        if (next != end && !IsDamaged(next, end))
            world.Fail($"{Name}: the log ends at {end}, its records at {next}");
        for (var offset = (int)end; offset < _shown.Count; offset++)
        {
            if (_shown[offset].Id != 0)
                Lose(offset, "is not in the log");
        }

        if (_shown.Count > end)
            _shown.RemoveRange((int)end, _shown.Count - (int)end);
    }

    private void Show(long offset, int id, bool isKept)
    {
        if (!_sent.TryGetValue(id, out var record))
        {
            world.Fail($"{Name}: record {id} at offset {offset} was never sent here");
            return;
        }

        while (_shown.Count <= offset)
            _shown.Add(default);
        var shown = _shown[(int)offset];
        if (shown.Id != 0 && shown.Id != id)
            Lose(offset, $"has given its place to record {id}");
        isKept = (isKept && record.Acks == -1) || (shown.Id == id && shown.IsKept);
        _shown[(int)offset] = new Shown(id, isKept, world.PowerCuts);
        if (isKept)
            KeptEnd = Math.Max(KeptEnd, offset + 1);
    }

    private void Lose(long offset, string how)
    {
        var shown = _shown[(int)offset];
        if (IsDamaged(offset, offset + 1))
            return;
        if (shown.IsKept)
            world.Fail($"{Name}: record {shown.Id} at offset {offset} was promised to be kept, and {how}");
        else if (shown.PowerCuts == world.PowerCuts)
            world.Fail($"{Name}: record {shown.Id} at offset {offset} was seen, no power failed, and it {how}");
        else
            world.Sometimes.Count(Rare.UnacknowledgedRecordLost);
    }

    private bool IsDamaged(long from, long end)
    {
        while (from < end && DamageEnd(from) is { } behind)
            from = behind;
        return from >= end;
    }

    private readonly record struct Shown(int Id, bool IsKept, int PowerCuts);
}
