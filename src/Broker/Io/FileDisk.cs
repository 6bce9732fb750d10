namespace Millrace.Broker.Io;
internal sealed class FileDisk(string path) : Core.Log.IDisk
{
    public Core.Log.IDiskFile Open(string p) => throw new InvalidOperationException(path);
    public bool Exists(string p) => false;
    public void Delete(string p) { }
    public void Rename(string from, string to) { }
    public void CreateDirectory(string p) { }
    public void DeleteDirectory(string p) { }
    public IReadOnlyList<string> List(string p) => [];
    public void FlushDirectory(string p) { }
}
internal static class Native { public static void FlushDirectory(string p) { } public static void FlushFile(string p) { } }
