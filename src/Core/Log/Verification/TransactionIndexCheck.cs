using Millrace.Core.Log.Segments;

namespace Millrace.Core.Log.Verification;

/// <summary>
/// Compares a segment's .txnindex, which may be missing, with the abort markers of the segment, which it is shown in
/// order.
/// </summary>
internal sealed class TransactionIndexCheck : IDisposable
{
    private const string Advice = "Until it is right, read_committed may show records of aborted transactions: stop "
        + "the broker, delete the file, recovery-point-offset-checkpoint and .kafka_cleanshutdown, and start it: the "
        + "log is read again.";

    private readonly EntryReader? _entries;
    private readonly FileFindings _findings;
    private readonly SegmentFacts _segment;
    private AbortedTransaction _entry;
    private bool _isCertain = true;

    public TransactionIndexCheck(IDiskFile? file, SegmentFacts segment, FileFindings findings)
    {
        _entries = file is null ? null : new EntryReader(file, TransactionIndex.EntrySize, mayEndInZeros: false);
        (_findings, _segment) = (findings, segment);
        _entry = _entry with { LastOffset = -1 };
        MoveNext();
    }

    private bool HasEntry => _entries is { HasCurrent: true };

    public void Marker(TransactionEnd end)
    {
        if (!end.IsAbort)
            return;
        while (HasEntry && _entry.LastOffset < end.MarkerOffset)
        {
            ReportSuperfluous();
            MoveNext();
        }

        if (HasEntry && _entry.LastOffset == end.MarkerOffset)
        {
            Compare(end);
            MoveNext();
        }
        else if (end.FirstOffset >= 0 && end.IsCertain)
        {
            _findings.Add(_segment.Derived, "txnindex-missing",
                $"There is no entry for the transaction of producer {end.ProducerId} from offset {end.FirstOffset} to "
                + $"its abort at {end.MarkerOffset}.", Advice, Place.Offsets(end.FirstOffset, end.MarkerOffset));
        }
    }

    /// <summary>The log is damaged, or was cleaned, here: a marker may be missing.</summary>
    public void Damage() => _isCertain = false;

    public void End()
    {
        while (HasEntry)
        {
            if (!_segment.IsGrowing)
                ReportSuperfluous();
            MoveNext();
        }

        if (_entries is { Rest: > 0 })
        {
            _findings.Add(_segment.Derived, "txnindex-size",
                $"The last {_entries.Rest} bytes are no whole entry.", Advice, Place.At(_entries.Position));
        }
    }

    public void Dispose() => _entries?.Dispose();

    private void Compare(TransactionEnd end)
    {
        string? problem = null;
        if (_entry.ProducerId != end.ProducerId)
            problem = $"names producer {_entry.ProducerId}, the marker {end.ProducerId}";
        else if (end.FirstOffset >= 0
            && (end.IsCertain ? _entry.FirstOffset != end.FirstOffset : _entry.FirstOffset > end.FirstOffset))
            problem = $"begins the transaction at offset {_entry.FirstOffset}, the log at {end.FirstOffset}";
        else if (end.LastStableOffset >= 0 && _entry.LastStableOffset != end.LastStableOffset)
            problem = $"names the last stable offset {_entry.LastStableOffset}, by the log it was "
                + $"{end.LastStableOffset}";
        else if (_entry.FirstOffset < 0 || _entry.FirstOffset > _entry.LastOffset)
            problem = $"names offsets {_entry.FirstOffset} to {_entry.LastOffset}";
        if (problem is not null)
            Report("txnindex-entry", $"The entry for the abort at offset {end.MarkerOffset} {problem}.");
    }

    private void ReportSuperfluous()
    {
        if (_isCertain)
            Report("txnindex-entry", $"The entry names offset {_entry.LastOffset}, where no abort marker stands.");
    }

    private void Report(string check, string problem) => _findings.Add(
        _segment.Derived, check, problem, Advice,
        Place.At(_entries!.Position, Math.Max(_entry.FirstOffset, -1), Math.Max(_entry.LastOffset, -1)));

    private void MoveNext()
    {
        long last = _entry.LastOffset;
        while (_entries is not null && _entries.MoveNext())
        {
            _entry = new AbortedTransaction(
                _entries.Int64(2), _entries.Int64(10), _entries.Int64(18), _entries.Int64(26));
            short version = (short)(_entries.Int32(0) >> 16);
            if (version == 0 && _entry.LastOffset > last)
                return;
            Report("txnindex-entry", version != 0
                ? $"The entry is of version {version}."
                : $"The entry for offset {_entry.LastOffset} stands behind the one for {last}.");
        }
    }
}
