namespace Millrace;

/// <summary>The source tree that the tests were built from.</summary>
internal static class Checkout
{
    public static string Root { get; } = Find();

    public static string File(params ReadOnlySpan<string> parts) => Path.GetFullPath(Path.Combine([Root, .. parts]));

    private static string Find()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (System.IO.File.Exists(Path.Combine(folder, "Millrace.slnx")))
                return folder;
        }

        throw new InvalidOperationException($"{AppContext.BaseDirectory} does not lie in a checkout of Millrace.");
    }
}
