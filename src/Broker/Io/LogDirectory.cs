namespace Millrace.Broker.Io;

/// <summary>A data directory in the file system, with the volume that it is on.</summary>
internal sealed class LogDirectory(string path) : ILogDirectory
{
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    public (long Total, long Usable) Space()
    {
        try
        {
            var volume = new DriveInfo(Path);
            return (volume.TotalSize, volume.AvailableFreeSpace);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return (-1, -1);
        }
    }
}
