namespace Millrace.Unit.Core.Groups;

/// <summary>Finds files of tests/Data.</summary>
internal static class Golden
{
    public static string Path(params string[] parts)
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(System.IO.Path.Combine(folder, "Millrace.slnx")))
            folder = System.IO.Path.GetDirectoryName(folder)
                ?? throw new InvalidOperationException("No Millrace.slnx above.");
        return System.IO.Path.Combine([folder, "tests", "Data", .. parts]);
    }
}
