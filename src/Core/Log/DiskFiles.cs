using System.Text;

namespace Millrace.Core.Log;

/// <summary>Small whole files: read at once, or written so that a reader finds the old or the new content.</summary>
internal static class DiskFiles
{
    public static byte[] ReadAll(IDisk disk, string path)
    {
        using IDiskFile file = disk.Open(path);
        byte[] content = new byte[file.Length];
        int length = file.Read(0, content);
        return length == content.Length ? content : content[..length];
    }

    public static string[] ReadLines(IDisk disk, string path) =>
        Encoding.UTF8.GetString(ReadAll(disk, path)).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Writes over what is there, without any promise; the open file comes back for a flush.</summary>
    public static IDiskFile Replace(IDisk disk, string path, ReadOnlySpan<byte> content)
    {
        IDiskFile file = disk.Open(path);
        file.Truncate(0);
        file.Write(0, content);
        return file;
    }

    /// <summary>Replaces the file at once and durably.</summary>
    public static void WriteAtomically(IDisk disk, string path, ReadOnlySpan<byte> content)
    {
        string temporary = path + ".tmp";
        using (IDiskFile file = Replace(disk, temporary, content))
            file.Flush();
        disk.Rename(temporary, path);
        int slash = path.LastIndexOf('/');
        disk.FlushDirectory(slash < 0 ? "" : path[..slash]);
    }

    public static void WriteAtomically(IDisk disk, string path, string content) =>
        WriteAtomically(disk, path, Encoding.UTF8.GetBytes(content));
}
