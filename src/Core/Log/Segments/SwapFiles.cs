using System.Globalization;

namespace Millrace.Core.Log.Segments;

/// <summary>
/// The names under which files of a segment stand while the cleaner puts one segment in the place of several: .cleaned
/// until all of it is on stable storage, then .swap, then its own. The .log file changes its name last, so that
/// a .log.swap is never without its indexes, and whoever finds one can finish what was begun.
/// </summary>
internal static class SwapFiles
{
    public const string Cleaned = ".cleaned";
    public const string Swap = ".swap";
    public const string Deleted = ".deleted";

    private static readonly string[] Suffixes = [".index", ".timeindex", ".txnindex", ".log"];

    /// <summary>Changes what stands behind the names of a segment's files.</summary>
    public static void Rename(IDisk disk, string path, string from, string to)
    {
        // With one file back under .cleaned the swap is void.
        foreach (string suffix in to == Cleaned ? Suffixes.Reverse() : Suffixes)
        {
            if (disk.Exists(path + suffix + from))
                disk.Rename(path + suffix + from, path + suffix + to);
        }
    }

    /// <summary>Deletes the files of a segment that have something behind their names.</summary>
    public static void Delete(IDisk disk, string path, string behind)
    {
        foreach (string suffix in Suffixes.Append(".snapshot"))
        {
            if (disk.Exists(path + suffix + behind))
                disk.Delete(path + suffix + behind);
        }
    }

    /// <summary>
    /// Before a log is opened: what the cleaner had not finished goes, what it had begun to put in place is put there.
    /// May be interrupted and begun again.
    /// </summary>
    public static void Finish(IDisk disk, string directory)
    {
        string[] names = [.. disk.List(directory).Where(name => BaseOf(name) >= 0)];
        string[] cleaned = [.. names.Where(name => Has(name, Cleaned))];
        string[] swaps = [.. names.Where(name => Has(name, Swap))];
        long unfinished = cleaned.Select(BaseOf).DefaultIfEmpty(long.MaxValue).Min();
        foreach (string name in swaps.Where(name => BaseOf(name) >= unfinished).Concat(cleaned))
            disk.Delete($"{directory}/{name}");
        swaps = [.. swaps.Where(name => BaseOf(name) < unfinished).OrderBy(IsLog)];
        if (swaps.Length == 0)
            return;
        foreach (string swap in swaps.Where(IsLog))
            DeleteReplaced(disk, directory, [.. names.Where(name => !Has(name, Swap))], swap);
        disk.FlushDirectory(directory);
        foreach (string swap in swaps)
            disk.Rename($"{directory}/{swap}", $"{directory}/{swap[..^Swap.Length]}");
        disk.FlushDirectory(directory);
    }

    /// <summary>
    /// The segments from the start of the swap to its end. At the start itself the indexes are the replaced segment's
    /// only while its .log is there, which therefore goes last; the producers at that offset stay.
    /// </summary>
    private static void DeleteReplaced(IDisk disk, string directory, string[] names, string swap)
    {
        long first = BaseOf(swap);
        long next = first;
        using (IDiskFile file = disk.Open($"{directory}/{swap}"))
        {
            var scanner = new BatchScanner(file, 0, file.Length, stackalloc byte[BatchScanner.WindowSize]);
            while (scanner.MoveNext())
                next = scanner.Header.LastOffset + 1;
        }

        bool isReplacedThere = names.Contains(swap[..^Swap.Length]);
        foreach (string name in names.OrderBy(IsLog))
        {
            long at = BaseOf(name);
            if ((at > first && at < next)
                || (at == first && isReplacedThere && !name.Contains(".snapshot", StringComparison.Ordinal)))
                disk.Delete($"{directory}/{name}");
        }
    }

    private static bool Has(string name, string behind) => name.EndsWith(behind, StringComparison.Ordinal);

    private static bool IsLog(string name) => name.Contains(".log", StringComparison.Ordinal);

    /// <summary>The offset that a file's name begins with; -1 if it does not begin with one.</summary>
    private static long BaseOf(string name) =>
        name.IndexOf('.') is var dot and > 0
        && long.TryParse(name.AsSpan(0, dot), NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            ? number
            : -1;
}
