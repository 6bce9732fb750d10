namespace Millrace.Shared.Simulated;

/// <summary>A change of a directory's names: one goes, one comes, or both at once, which is a rename.</summary>
internal readonly record struct NameChange(string? Removed, string? Added, object? Node)
{
    public bool IsRename => Removed is not null && Added is not null;
}

/// <summary>
/// The names in one directory of a simulated disk: those that a process sees, and those that are durable. Nodes are
/// <see cref="SimFile"/> and <see cref="SimDirectory"/>.
/// </summary>
internal sealed class SimDirectory
{
    public SortedDictionary<string, object> Names { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, object> Durable { get; } = new(StringComparer.Ordinal);

    /// <summary>What happened to the names since the directory was flushed.</summary>
    public List<NameChange> Pending { get; } = [];

    public void Change(NameChange change)
    {
        Apply(Names, change);
        Pending.Add(change);
    }

    public void Flush()
    {
        foreach (NameChange change in Pending)
            Apply(Durable, change);
        Pending.Clear();
    }

    /// <summary>Takes the names as durable, whatever was pending.</summary>
    public void Settle()
    {
        Pending.Clear();
        Durable.Clear();
        foreach ((string name, object node) in Names)
            Durable[name] = node;
    }

    public static void Apply(SortedDictionary<string, object> names, NameChange change)
    {
        if (change.Removed is not null)
            names.Remove(change.Removed);
        if (change.Added is not null)
            names[change.Added] = change.Node!;
    }
}
