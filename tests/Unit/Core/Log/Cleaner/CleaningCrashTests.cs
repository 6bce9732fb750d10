using Millrace.Core.Log;
using Millrace.Protocol;
using Millrace.Shared.Simulated;

namespace Millrace.Unit.Core.Log.Cleaner;

/// <summary>
/// At every change of the disk during a cleaning the process is killed, and the power fails; then again at every change
/// of the opening that follows. What is opened at the end holds of each group of segments either the old or the new.
/// </summary>
public sealed class CleaningCrashTests
{
    private readonly SimDisk _disk = new();

    [Theory]
    [InlineData(1 << 20, false)]
    [InlineData(1 << 20, true)]
    [InlineData(1200, false)]
    [InlineData(2000, false)]
    public void AnOpeningAfterACrashFindsTheOldOrTheNew(int groupBytes, bool deletesAtOnce)
    {
        CleanedLog log = Filled();
        log.Log.Settings = log.Log.Settings with { SegmentBytes = groupBytes };
        var old = log.Batches();
        var crashes = new Dictionary<string, SimDisk>();
        _disk.DeletesAtOnce = deletesAtOnce;
        AddBeforeChanges(crashes, _disk);

        log.Clean();

        Add(crashes, _disk);
        _disk.Before = null;
        long[] borders = [.. log.Log.Segments.Select(segment => segment.BaseOffset.Value)];
        string[] allowed = [.. Enumerable.Range(0, borders.Length).Select(i => Text(
            [.. log.Batches().Where(batch => batch.Header.BaseOffset < borders[i]),
                .. old.Where(batch => batch.Header.BaseOffset >= borders[i])]))];
        HashSet<string> seen = [];
        foreach (SimDisk crash in crashes.Values)
        {
            var again = new Dictionary<string, SimDisk>();
            AddBeforeChanges(again, crash);
            seen.Add(Opened(crash, allowed));
            foreach (SimDisk second in again.Where(pair => !crashes.ContainsKey(pair.Key)).Select(pair => pair.Value))
                Opened(second, allowed);
        }

        Assert.Equal(allowed.Distinct().Order(), seen.Order());
    }

    /// <summary>What a process finds after another was killed, and after a power failure; each state once.</summary>
    private static void Add(Dictionary<string, SimDisk> states, SimDisk disk)
    {
        foreach (SimDisk state in (SimDisk[])[disk.Copy(), disk.Crash()])
        {
            string directory = CleanedLog.Id.ToString();
            states.TryAdd(
                string.Join('\n', state.List(directory).Select(
                    name => $"{name} {Convert.ToBase64String(state.Content($"{directory}/{name}"))}")),
                state);
        }
    }

    private static void AddBeforeChanges(Dictionary<string, SimDisk> states, SimDisk disk) =>
        disk.Before = (call, _) =>
        {
            if (call != DiskCall.Read)
                Add(states, disk);
        };

    private static string Opened(SimDisk disk, string[] allowed)
    {
        var log = new CleanedLog(disk: disk, clean: false, recoveryPoint: 1);
        disk.Before = null;
        string found = Text(log.Batches());
        Assert.Contains(found, allowed);
        Assert.All(
            disk.List(CleanedLog.Id.ToString()),
            name => Assert.Matches(@"^\d{20}\.(log|index|timeindex|snapshot|txnindex)$|^leader", name));
        string[] markers = [.. log.Log.AbortedTransactionsBelow(log.Log.LogEndOffset).Select(t => $"{t.LastOffset}")];
        Assert.Equal(["35"], markers);
        log.Append(("more", "1"));
        Assert.Equal(ErrorCode.None, log.Log.Flush());
        log.Log.Close(clean: false);
        return found;
    }

    /// <summary>Several segments, one of which loses all its records, and an aborted transaction.</summary>
    private CleanedLog Filled()
    {
        var log = new CleanedLog(disk: _disk);
        for (int i = 0; i < 30; i++)
            log.Append(($"k{i % 3}", $"v{i}"));
        log.Append(("t", null));
        log.Append([("k1", "aborted")], producer: 9, sequence: 0, transactional: true);
        log.Append([("k2", "aborted")], producer: 9, sequence: 1, transactional: true);
        log.Append(("k1", "w"));
        log.Append(("k1", "x"));
        log.End(9, commit: false);
        log.Roll();
        for (int i = 0; i < 12; i++)
            log.Append(("k2", $"y{i}"));
        log.Roll();
        log.Append(("k2", "last"));
        log.Roll();
        log.Append(("k3", "uncleaned"));
        Assert.Equal(ErrorCode.None, log.Log.Flush());
        string[] names = [.. _disk.List(CleanedLog.Id.ToString())];
        foreach (string name in names.Where(name => name.EndsWith(".txnindex", StringComparison.Ordinal)))
        {
            using IDiskFile file = _disk.Open($"{CleanedLog.Id}/{name}");
            file.Flush();
        }

        _disk.FlushDirectory(CleanedLog.Id.ToString());
        return log;
    }

    private static string Text(IEnumerable<(Batch Header, List<DataRecord> Records)> batches) => string.Join(
        '\n', batches.Select(batch => $"{batch.Header} {string.Join(' ', batch.Records)}"));
}
