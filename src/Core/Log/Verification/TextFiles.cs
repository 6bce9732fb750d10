using System.Globalization;
using System.Text;

namespace Millrace.Core.Log.Verification;

/// <summary>Kafka's small text files: a version, a count of lines, the lines.</summary>
internal static class TextFiles
{
    private const int Largest = 64 * 1024 * 1024;

    /// <summary>The lines, each split at the spaces; false, and a finding says why, if the file is damaged.</summary>
    public static bool TryRead(
        IDisk disk, string path, int fields, bool isInUse, FileFindings findings, out List<string[]> lines)
    {
        lines = [];
        if (!TryReadText(disk, path, isInUse, findings, out string text))
            return false;
        string[] all = text.Split('\n');
        string? problem = null;
        if (all.Length < 2 || all[0].Trim() != "0")
            problem = "The file does not begin with its version, 0, and the count of lines.";
        else if (!int.TryParse(all[1], NumberStyles.None, CultureInfo.InvariantCulture, out int count))
            problem = $"'{all[1]}' is no count of lines.";
        else if (all.Skip(2).Count(line => line.Length > 0) is var found && found != count)
            problem = $"The file says that it has {count} lines, and has {found}.";
        if (problem is null)
        {
            lines = [.. all.Skip(2).Where(line => line.Length > 0).Select(line => line.Split(' '))];
            if (lines.Find(line => line.Length != fields) is { } odd)
                problem = $"'{string.Join(' ', odd)}' does not have {fields} fields.";
        }

        if (problem is not null)
            findings.Error(CheckOf(path), problem, "Delete the file while the broker is stopped: it is made again.");
        return problem is null;
    }

    public static bool TryReadText(
        IDisk disk, string path, bool isInUse, FileFindings findings, out string text)
    {
        text = "";
        try
        {
            using IDiskFile file = disk.Open(path);
            if (file.Length > Largest)
            {
                findings.Error(CheckOf(path), $"{file.Length} bytes are too many for such a file.");
                return false;
            }

            byte[] content = new byte[file.Length];
            text = Encoding.UTF8.GetString(content, 0, file.Read(0, content));
            return true;
        }
        catch (IOException failure)
        {
            Unreadable.Tell(failure, isInUse, findings);
            return false;
        }
    }

    private static string CheckOf(string path) => path[(path.LastIndexOf('/') + 1)..];
}
