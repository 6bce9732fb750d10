namespace Millrace.Shared.Simulated;

/// <summary>What a power failure did to something that was not flushed.</summary>
internal enum DiskLoss
{
    Write,
    TornWrite,
    Hole,
    Creation,
    Deletion,
    Rename,
}

internal sealed partial class SimDisk
{
    private const int Sector = 512;

    /// <summary>
    /// The disk after a power failure that loses all that was not flushed, but for as many of the last unflushed bytes
    /// of each file as the test lets survive.
    /// </summary>
    /// <param name="survivors">For a file and its count of unflushed new bytes: how many of them are kept.</param>
    public SimDisk Crash(Func<string, int, int>? survivors = null)
    {
        return new SimDisk(After(_root, "", (path, file) =>
        {
            int durable = file.Durable.Length;
            int kept = survivors?.Invoke(path, Math.Max(file.Length - durable, 0)) ?? 0;
            return SimFile.Settled([.. file.Durable, .. file.Content.Slice(Math.Min(durable, file.Length), kept)]);
        }));

        static SimDirectory After(SimDirectory directory, string prefix, Func<string, SimFile, SimFile> survive)
        {
            var after = new SimDirectory();
            foreach ((string name, object node) in directory.Durable)
            {
                after.Names[name] = node is SimFile file
                    ? survive(prefix + name, file)
                    : After((SimDirectory)node, $"{prefix}{name}/", survive);
            }

            after.Settle();
            return after;
        }
    }

    /// <summary>
    /// The disk after a power failure that keeps any part of what was not flushed: each change of a name by itself,
    /// each write whole, in part up to a sector's end, as zeros, or not at all.
    /// </summary>
    /// <param name="random">Decides what is kept.</param>
    /// <param name="lost">Hears what was not kept.</param>
    public SimDisk PowerCut(Random random, Action<DiskLoss, string> lost)
    {
        // Now and then all is kept or nothing is; mostly each file has luck of its own.
        double luck = random.Next(4) switch
        {
            0 => 0,
            1 => 1,
            _ => -1,
        };
        return new SimDisk(Cut(_root, "", luck, random, lost));
    }

    /// <summary>What a process finds that starts after another was killed: all, but no more of it is durable.</summary>
    public SimDisk Kill() => new(_root);

    /// <summary>A copy that shares nothing and has everything durable.</summary>
    public SimDisk Copy()
    {
        return new SimDisk(CopyOf(_root));

        static SimDirectory CopyOf(SimDirectory directory)
        {
            var copy = new SimDirectory();
            foreach ((string name, object node) in directory.Names)
            {
                copy.Names[name] = node is SimFile file
                    ? SimFile.Of(file.Content, file.Durable)
                    : CopyOf((SimDirectory)node);
            }

            copy.Settle();
            return copy;
        }
    }

    private static SimDirectory Cut(
        SimDirectory directory, string prefix, double luck, Random random, Action<DiskLoss, string> lost)
    {
        var names = new SortedDictionary<string, object>(directory.Durable, StringComparer.Ordinal);
        double chance = luck >= 0 ? luck : random.NextDouble();
        foreach (NameChange change in directory.Pending)
        {
            if (random.NextDouble() < chance)
                SimDirectory.Apply(names, change);
            else
                lost(KindOf(change), prefix + (change.Added ?? change.Removed));
        }

        var after = new SimDirectory();
        foreach ((string name, object node) in names)
        {
            after.Names[name] = node is SimFile file
                ? Cut(file, prefix + name, luck, random, lost)
                : Cut((SimDirectory)node, $"{prefix}{name}/", luck, random, lost);
        }

        after.Settle();
        return after;
    }

    private static DiskLoss KindOf(NameChange change) =>
        change.IsRename ? DiskLoss.Rename : change.Added is null ? DiskLoss.Deletion : DiskLoss.Creation;

    private static SimFile Cut(SimFile file, string path, double luck, Random random, Action<DiskLoss, string> lost)
    {
        SimFile after = SimFile.Settled(file.Durable);
        double chance = luck >= 0 ? luck : random.NextDouble();
        bool hasHole = false;
        foreach (PendingWrite write in file.Pending)
        {
            if (random.NextDouble() < chance)
            {
                after.Settle([write]);
                if (hasHole && write.Bytes is not null)
                    lost(DiskLoss.Hole, path);
                continue;
            }

            hasHole |= write.Bytes is not null;
            lost(DiskLoss.Write, path);
            int kept = write.Bytes is { } bytes && random.Next(2) == 0 ? KeptSectors(write.Position, bytes, random) : 0;
            if (kept > 0)
            {
                after.Settle([new PendingWrite(write.Position, write.Bytes![..kept])]);
                lost(DiskLoss.TornWrite, path);
            }
            else if (write.Bytes is { } zeros && random.Next(8) == 0)
            {
                // The length has reached the disk, the bytes have not.
                int from = Math.Max(after.Durable.Length, write.Position);
                if (from < write.Position + zeros.Length)
                    after.Settle([new PendingWrite(from, new byte[write.Position + zeros.Length - from])]);
            }
        }

        return SimFile.Settled(after.Durable);
    }

    /// <summary>How many bytes of a torn write there are, up to the end of a sector.</summary>
    private static int KeptSectors(int position, byte[] bytes, Random random)
    {
        int sectors = ((position + bytes.Length - 1) / Sector) - (position / Sector);
        int end = ((position / Sector) + random.Next(sectors + 1)) * Sector;
        return Math.Clamp(end - position, 0, bytes.Length);
    }
}
