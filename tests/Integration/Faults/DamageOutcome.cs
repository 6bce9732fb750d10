using System.Globalization;
using System.Text.RegularExpressions;
using Millrace.Protocol;
using Millrace.Shared;

namespace Millrace.Integration.Faults;

/// <summary>What a server made of a directory with a damaged file.</summary>
internal sealed partial class DamageOutcome
{
    private readonly WrittenDirectory _written;
    private readonly FileDamage _damage;
    private readonly HashSet<string> _incomplete = [];
    private readonly SortedSet<string> _ways = new(StringComparer.Ordinal);
    private readonly List<string> _failures = [];
    private string _log = "";
    private string? _verification;

    private DamageOutcome(WrittenDirectory written, FileDamage damage)
    {
        _written = written;
        _damage = damage;
    }

    /// <summary>What must not be, in words.</summary>
    public IReadOnlyList<string> Failures => _failures;

    /// <summary>Records that were served.</summary>
    public int Served { get; private set; }

    /// <summary>Records that were written and not served.</summary>
    public int Missing { get; private set; }

    /// <summary>How what is missing was told.</summary>
    public string Way => _ways.Count == 0 ? "without loss" : $"told by {string.Join(" and ", _ways)}";

    /// <summary>Damages a copy of the directory and starts a server on it.</summary>
    public static async Task<DamageOutcome> Of(WrittenDirectory written, FileDamage damage, string copy)
    {
        var outcome = new DamageOutcome(written, damage);
        written.CopyTo(copy);
        damage.Apply(copy);
        await using var server = WrittenDirectory.ServerOn(copy);
        try
        {
            if (await server.TryStartAgain())
                await outcome.Judge(server);
            else
                outcome.JudgeRefusal(server.Errors);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            outcome._failures.Add($"{failure.Message}\n{server.Errors}");
        }

        return outcome;
    }

    private void JudgeRefusal(string errors)
    {
        _ways.Add("a refused start");
        Missing = _written.Contents.Sum(reading => reading.Records.Count);
        if (errors.Contains("   at ", StringComparison.Ordinal)
            || !errors.Contains(_damage.File.Split('/')[0], StringComparison.Ordinal))
            _failures.Add($"the start is refused without the file's name: {errors}");
    }

    private async Task Judge(MillraceServer server)
    {
        var readings = new List<PartitionReading>();
        var committed = new List<long>();
        using (var reader = await PartitionReader.Open(server.Port))
        {
            foreach (var partition in WrittenDirectory.All)
                readings.Add(await reader.Read(partition));
            (committed, var error) = await reader.Committed(
                WrittenDirectory.Group, WrittenDirectory.Counted, WrittenDirectory.Partitions);
            if (error != ErrorCode.None)
                _incomplete.Add("__consumer_offsets");
        }

        await server.Terminate(); // then all of its log is there
        _log = server.Errors;
        foreach (var (expected, reading) in _written.Contents.Zip(readings))
            await Judge(expected, reading);
        if (!committed.SequenceEqual(_written.Committed)
            && !_incomplete.Any(folder => folder.StartsWith("__consumer_offsets", StringComparison.Ordinal)))
        {
            _failures.Add($"committed are {string.Join(", ", committed)} instead of "
                + $"{string.Join(", ", _written.Committed)}\n{_log}");
        }
    }

    private async Task Judge(PartitionReading expected, PartitionReading reading)
    {
        Served += reading.Records.Count;
        var wrong = reading.Records.Where(
            record => expected.Records.GetValueOrDefault(record.Key) != record.Value).ToList();
        if (wrong.Count > 0)
            _failures.Add($"{reading.Folder}: wrong records are served: {string.Join("; ", wrong)}\n{_log}");
        var missing = expected.Records.Keys.Where(offset => !reading.Records.ContainsKey(offset)).ToList();
        Missing += missing.Count;
        if (missing.Count > 0)
            _incomplete.Add(reading.Folder);
        var untold = new List<long>();
        foreach (var offset in missing)
        {
            if (await WayTold(expected, reading, offset) is { } way)
                _ways.Add(way);
            else
                untold.Add(offset);
        }

        if (untold.Count > 0)
            _failures.Add($"{reading.Folder}: {untold.Count} records from {untold[0]} on are missing, untold\n{_log}");
        var leastEnd = _written.IsClean ? expected.End : _written.RecoveryPoints.GetValueOrDefault(reading.Folder);
        if (reading.Error == ErrorCode.None && reading.End < leastEnd)
            _failures.Add($"{reading.Folder} goes on at {reading.End}, before {leastEnd}\n{_log}");
    }

    private async Task<string?> WayTold(PartitionReading expected, PartitionReading reading, long offset)
    {
        if (reading.Refused.GetValueOrDefault(offset) is ErrorCode.CorruptMessage or ErrorCode.KafkaStorageError
            || reading.Error == ErrorCode.KafkaStorageError)
            return "an error";
        if (Told().Matches(_log).Any(told => told.Groups["log"].Value == reading.Folder
            && Number(told.Groups["first"]) <= offset && offset <= Number(told.Groups["last"])))
            return "the log";
        if (reading.Error != ErrorCode.None && _log.Contains(reading.Folder, StringComparison.Ordinal))
            return "the log";
        if (IsLogsEnd(expected, reading, offset))
            return "nothing, looking like an unfinished write";
        _verification ??= await Verify();
        return _verification.Contains($"] {_damage.File}", StringComparison.Ordinal) ? "millrace log verify" : null;
    }

    private bool IsLogsEnd(PartitionReading expected, PartitionReading reading, long offset) =>
        !_written.IsClean && offset >= reading.End
        && offset >= _written.RecoveryPoints.GetValueOrDefault(expected.Folder);

    /// <summary>What <c>millrace log verify</c> says before a server is started.</summary>
    private async Task<string> Verify()
    {
        var copy = _written.Path + "-verified";
        _written.CopyTo(copy);
        _damage.Apply(copy);
        await using var process = MillraceServer.Run("log", "verify", copy);
        using var deadline = ChildProcess.Deadline();
        var findings = await process.Output.ReadToEndAsync(deadline.Token);
        await process.Exit(deadline.Token);
        Directory.Delete(copy, recursive: true);
        return findings;
    }

    private static long Number(Group group) => long.Parse(group.Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"(?<log>\S+): offsets (?<first>\d+) to (?<last>\d+) are (damaged|missing|cut)")]
    private static partial Regex Told();
}
