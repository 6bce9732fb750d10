namespace Millrace.Demo.Services;

/// <summary>
/// A service's copy of the tables it follows, with what it derives from them. Owned by the consuming thread.
/// 1. A change is applied once: one whose position is not beyond the row's is counted and passed over.
/// 2. What is applied counts only once it is in the journal.
/// </summary>
internal sealed class Copy(IView view) : IDisposable
{
    private readonly Dictionary<(string Table, string Key), KnownRow> _rows = [];
    private readonly Dictionary<(string Table, string Key), KnownRow> _unsaved = [];
    private JournalCommit _totals = JournalCommit.None;
    private Journal? _journal;
    private bool _isChanged;

    public JournalCommit Totals => _totals;

    public IView View => view;

    /// <summary>The rows that are there, by key.</summary>
    public IEnumerable<KeyValuePair<string, string>> RowsOf(string table) =>
        _rows.Values.Where(row => row.Table == table && row.Text is not null)
            .Select(row => KeyValuePair.Create(row.Key, row.Text!));

    public static Copy Open(IView view, string directory)
    {
        var copy = new Copy(view);
        copy._journal = Journal.Open(PathIn(directory), copy.Put, copy.Restore);
        return copy;
    }

    /// <summary>For reading only; the service has ended.</summary>
    public static Copy Load(IView view, string directory)
    {
        var copy = new Copy(view);
        Journal.Read(PathIn(directory), copy.Put, copy.Restore);
        return copy;
    }

    /// <summary>False if the change is known already.</summary>
    public bool Apply(RowChange change, string partition, long offset)
    {
        _isChanged = true;
        var isReread = offset < _totals.Offsets.GetValueOrDefault(partition);
        var known = _rows.GetValueOrDefault((change.Table, change.Key));
        if (known is not null && IsKnown(change, known))
        {
            _totals = isReread
                ? _totals with { Reread = _totals.Reread + 1 }
                : _totals with { Repeated = _totals.Repeated + 1 };
            return false;
        }

        var isSecondHalf = change is { IsKeyChange: true, Operation: 'd' };
        _totals = _totals with
        {
            Applied = _totals.Applied + (isSecondHalf ? 0 : 1),
            Gaps = _totals.Gaps + GapBefore(change, known),
        };
        var row = new KnownRow(change.Table, change.Key, change.Lsn, change.Operation == 'r', change.Version,
            change.After is { } after ? view.Project(change.Table, after) : null);
        Put(row);
        _unsaved[(row.Table, row.Key)] = row;
        return true;
    }

    public void Passed(string partition, long nextOffset)
    {
        _isChanged = true;
        if (nextOffset > _totals.Offsets.GetValueOrDefault(partition))
            _totals.Offsets[partition] = nextOffset;
    }

    /// <summary>Returns when all that was applied is on disk.</summary>
    public void Save()
    {
        if (!_isChanged)
            return;
        _journal!.Append(_unsaved.Values, _totals);
        _unsaved.Clear();
        _isChanged = false;
    }

    public void Dispose() => _journal?.Dispose();

    /// <summary>A snapshot row carries the position at which streaming begins, so the first change may have it too.
    /// </summary>
    private static bool IsKnown(RowChange change, KnownRow known) =>
        change.Lsn < known.Lsn || (change.Lsn == known.Lsn && known.IsSnapshot == (change.Operation == 'r'));

    /// <summary>How many changes of the row are missing before this one.</summary>
    private static long GapBefore(RowChange change, KnownRow? known) => change.Operation switch
    {
        'u' => Math.Abs(change.Version - (known?.Version ?? 0) - 1),
        'c' when !change.IsKeyChange => change.Version - 1,
        'd' => known?.Text is null ? 1 : 0,
        _ => 0,
    };

    private void Put(KnownRow row)
    {
        var before = _rows.GetValueOrDefault((row.Table, row.Key))?.Text;
        _rows[(row.Table, row.Key)] = row;
        view.Apply(row.Table, row.Key, before, row.Text);
    }

    private void Restore(JournalCommit commit) => _totals = commit;

    private static string PathIn(string directory) => Path.Combine(directory, "journal");
}
