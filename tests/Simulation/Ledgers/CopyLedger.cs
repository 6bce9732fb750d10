namespace Millrace.Simulation.Ledgers;

/// <summary>
/// An exactly-once copy of one partition's records into the partitions of another topic: the value of a copy is the
/// offset of its original, which goes to the partition of that number modulo the partitions.
/// </summary>
/// <remarks>
/// 1. Whoever reads committed records finds in a partition p, p + n, p + 2n ... and nothing else: no copy twice, none
/// left out, none of an aborted transaction. 2. The committed position never goes back. 3. In the end there are as many
/// copies as the position says.
/// </remarks>
internal sealed class CopyLedger(World world)
{
    public const string Input = "copied-in";
    public const string Output = "copied-out";
    public const string Group = "copier";
    public const int Partitions = 2;

    /// <summary>Committed copies that were seen in each partition, one behind the other.</summary>
    private readonly long[] _copies = new long[Partitions];

    /// <summary>A committed record, the next that a reader of the whole partition sees.</summary>
    public void Saw(int partition, long index, long original)
    {
        var expected = index * Partitions + partition;
        if (original != expected)
            world.Fail($"{Output}-{partition}: committed copy {index} is of {original} where {expected} was due");
        _copies[partition] = Math.Max(_copies[partition], index + 1);
    }

    /// <summary>Nobody copies any more: all that the position covers is there, and no more.</summary>
    public void CheckEnd(long position)
    {
        for (var partition = 0; partition < Partitions; partition++)
        {
            var expected = (position - partition + Partitions - 1) / Partitions;
            if (_copies[partition] != expected)
                world.Fail(
                    $"{Output}-{partition} has {_copies[partition]} copies, and {position} records are copied");
        }
    }
}
