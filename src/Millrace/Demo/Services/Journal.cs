using System.Text.Json;

namespace Millrace.Demo.Services;

/// <summary>A row as a service knows it. It stays, without text, when the row is gone: an old change that comes again
/// must not bring it back.</summary>
internal sealed record KnownRow(string Table, string Key, long Lsn, bool IsSnapshot, int Version, string? Text);

/// <summary>What stands behind each group of rows in the journal.</summary>
/// <param name="Applied">Row changes applied so far.</param>
/// <param name="Reread">Records that the service had already applied and was given again.</param>
/// <param name="Repeated">Changes that stand more than once in the topics.</param>
/// <param name="Gaps">Changes that a row's version says should have come.</param>
/// <param name="Offsets">The next offset of each partition.</param>
internal sealed record JournalCommit(
    long Applied, long Reread, long Repeated, long Gaps, Dictionary<string, long> Offsets)
{
    public static JournalCommit None => new(0, 0, 0, 0, []);
}

/// <summary>
/// The durable copy of a service: a file to which groups of rows are appended, each closed by a commit line and on disk
/// before the group's offsets are committed: the file is written through, so a write that returns is on disk and one
/// that fails says so. What a crash left of an unfinished group is cut off.
/// </summary>
internal sealed class Journal : IDisposable
{
    private const byte Row = (byte)'r';
    private const byte Commit = (byte)'c';

    private readonly FileStream _file;

    private Journal(FileStream file) => _file = file;

    /// <summary>Opens the journal for appending, after handing each row and commit of it to the callbacks.</summary>
    public static Journal Open(string path, Action<KnownRow> onRow, Action<JournalCommit> onCommit)
    {
        var whole = Read(path, onRow, onCommit);
        var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0,
            FileOptions.WriteThrough);
        file.SetLength(whole);
        file.Seek(0, SeekOrigin.End);
        return new Journal(file);
    }

    /// <returns>The length of the file up to and with the last commit.</returns>
    public static long Read(string path, Action<KnownRow> onRow, Action<JournalCommit> onCommit)
    {
        var whole = 0L;
        var group = new List<KnownRow>();
        ReadOnlySpan<byte> rest = File.Exists(path) ? File.ReadAllBytes(path) : [];
        for (var at = 0L; rest.IndexOf((byte)'\n') is var end && end >= 0; rest = rest[(end + 1)..])
        {
            at += end + 1;
            var json = rest[1..end];
            if (rest[0] == Row)
            {
                group.Add(JsonSerializer.Deserialize<KnownRow>(json)!);
                continue;
            }

            group.ForEach(onRow);
            group.Clear();
            onCommit(JsonSerializer.Deserialize<JournalCommit>(json)!);
            whole = at;
        }

        return whole;
    }

    public void Append(IEnumerable<KnownRow> rows, JournalCommit commit)
    {
        using var buffer = new MemoryStream();
        foreach (var row in rows)
            Write(buffer, Row, row);
        Write(buffer, Commit, commit);
        _file.Write(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    public void Dispose() => _file.Dispose();

    private static void Write<T>(MemoryStream buffer, byte kind, T value)
    {
        buffer.WriteByte(kind);
        JsonSerializer.Serialize(buffer, value);
        buffer.WriteByte((byte)'\n');
    }
}
