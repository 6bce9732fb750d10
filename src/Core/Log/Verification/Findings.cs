namespace Millrace.Core.Log.Verification;

/// <summary>
/// Takes the findings of one verification, on one thread: counts them all and passes on the first of each check in each
/// file, so that a garbled file does not drown the rest.
/// </summary>
internal sealed class Findings(Action<Finding> report)
{
    /// <summary>So many findings of one check in one file are told one by one.</summary>
    public const int MostOfOneKind = 10;

    private readonly Dictionary<(string File, string Check), (Finding First, int Count)> _kinds = [];

    public long Errors { get; private set; }

    public long Warnings { get; private set; }

    public long Notes { get; private set; }

    public void Add(Finding finding)
    {
        switch (finding.Severity)
        {
            case Severity.Error:
                Errors++;
                break;
            case Severity.Warning:
                Warnings++;
                break;
            default:
                Notes++;
                break;
        }

        (string, string) kind = (finding.File, finding.Check);
        (Finding first, int count) = _kinds.GetValueOrDefault(kind, (finding, 0));
        _kinds[kind] = (first, count + 1);
        if (count < MostOfOneKind)
            report(finding);
    }

    /// <summary>A partition is done: says how many findings were held back and forgets its files.</summary>
    public void EndPartition()
    {
        foreach ((Finding first, int count) in _kinds.Values.Where(kind => kind.Count > MostOfOneKind))
        {
            report(first with
            {
                Position = -1,
                FirstOffset = -1,
                LastOffset = -1,
                Problem = count == MostOfOneKind + 1
                    ? "1 more finding of this check in this file."
                    : $"{count - MostOfOneKind} more findings of this check in this file.",
                Advice = "",
            });
        }

        _kinds.Clear();
    }

    public FileFindings Of(string file) => new(this, file);
}

/// <summary>The findings about one file.</summary>
internal readonly struct FileFindings(Findings findings, string file)
{
    public string File { get; } = file;

    public void Add(
        Severity severity, string check, string problem, string advice = "", Place place = default) =>
        findings.Add(new Finding
        {
            Severity = severity,
            Check = check,
            File = File,
            Position = place.Position,
            FirstOffset = place.FirstOffset,
            LastOffset = place.LastOffset,
            Problem = problem,
            Advice = advice,
        });

    public void Error(string check, string problem, string advice = "", Place place = default) =>
        Add(Severity.Error, check, problem, advice, place);

    public void Warning(string check, string problem, string advice = "", Place place = default) =>
        Add(Severity.Warning, check, problem, advice, place);

    public void Note(string check, string problem, string advice = "", Place place = default) =>
        Add(Severity.Note, check, problem, advice, place);
}

/// <summary>Where a finding lies in a file and in the log; the default is nowhere.</summary>
internal readonly struct Place
{
    private readonly long _position;
    private readonly long _firstOffset;
    private readonly long _lastOffset;

    private Place(long position, long firstOffset, long lastOffset) =>
        (_position, _firstOffset, _lastOffset) = (position + 1, firstOffset + 1, lastOffset + 1);

    public long Position => _position - 1;

    public long FirstOffset => _firstOffset - 1;

    public long LastOffset => _lastOffset - 1;

    public static Place At(long position, long firstOffset = -1, long lastOffset = -1) =>
        new(position, firstOffset, lastOffset);

    public static Place Offsets(long firstOffset, long lastOffset) => new(-1, firstOffset, lastOffset);
}
