using System.Globalization;

namespace Millrace.Integration.Faults;

/// <summary>One file of a directory that is cut short, or in which bits are turned round.</summary>
/// <param name="File">Its path in the directory.</param>
/// <param name="Length">What is left of it, in bytes.</param>
/// <param name="Bits">Which bits are flipped, counted from the beginning of the file.</param>
internal sealed record FileDamage(string File, long Length, IReadOnlyList<long> Bits)
{
    private const int MostFlips = 8;
    private const double ShareOfLogs = 0.4;

    /// <summary>A random one of a random file; every kind of file gets its share, records a larger one.</summary>
    /// <param name="random">Decides.</param>
    /// <param name="directory">Where the files are.</param>
    /// <param name="excluded">The name of a file that is left alone.</param>
    public static FileDamage Choose(Random random, string directory, string excluded)
    {
        var files = new DirectoryInfo(directory).EnumerateFiles("*", SearchOption.AllDirectories)
            .Where(file => file.Length > 0 && file.Name != excluded)
            .Select(file => (Path: Path.GetRelativePath(directory, file.FullName), file.Length))
            .OrderBy(file => file.Path, StringComparer.Ordinal).ToList();
        var kinds = files.GroupBy(file => KindOf(file.Path)).OrderBy(kind => kind.Key, StringComparer.Ordinal).ToList();
        var kind = random.NextDouble() < ShareOfLogs
            ? kinds.Single(one => one.Key == ".log").ToList()
            : [.. kinds[random.Next(kinds.Count)]];
        var (path, length) = kind[random.Next(kind.Count)];
        return random.Next(2) == 0
            ? new FileDamage(path, random.NextInt64(length), [])
            : new FileDamage(path, length, [
                .. Enumerable.Range(0, random.Next(1, MostFlips)).Select(_ => random.NextInt64(length * 8)).Distinct(),
            ]);
    }

    public void Apply(string directory)
    {
        var path = Path.Combine(directory, File);
        var content = System.IO.File.ReadAllBytes(path).AsSpan(0, (int)Length);
        foreach (var bit in Bits)
            content[(int)(bit / 8)] ^= (byte)(1 << (int)(bit % 8));
        System.IO.File.Delete(path); // it may be one that must not be written
        System.IO.File.WriteAllBytes(path, content);
    }

    public override string ToString() => Bits.Count == 0
        ? $"{File} cut to {Length} bytes"
        : $"{File} with flipped bits at bytes {string.Join(", ", Bits.Select(
            bit => string.Create(CultureInfo.InvariantCulture, $"{bit / 8}.{bit % 8}")))}";

    /// <summary>The metadata's files are kinds of their own, and so is each file without an ending.</summary>
    private static string KindOf(string path)
    {
        var kind = Path.GetExtension(path) is { Length: > 1 } ending && !Path.GetFileName(path).StartsWith('.')
            ? ending
            : Path.GetFileName(path);
        return path.StartsWith("__cluster_metadata", StringComparison.Ordinal) ? $"metadata {kind}" : kind;
    }
}
