using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Millrace.Shared;

namespace Millrace.Integration.Faults;

/// <summary>
/// An ext4 file system of its own, in a file that is loop-mounted: it can be as small as one likes, and it can lose its
/// power. A test that wants one is skipped where it can't be had. Nothing is mounted after disposal, nor when the tests
/// end before it, in whatever way.
/// </summary>
internal sealed partial class Volume : IAsyncDisposable
{
    private const int ReadOnly = 0;
    private const uint Shutdown = 0x8004587d; // FS_IOC_SHUTDOWN

    /// <summary>Waits until nobody holds its input any more, which the end of this process sees to.</summary>
    private const string Caretaker = """
        trap '' HUP INT TERM
        cat
        while umount --lazy "$1" 2>/dev/null; do :; done
        rm -f "$2"
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("millrace-volume-");
    private readonly Process _caretaker;
    private bool _isMounted;

    private Volume()
    {
        Path = System.IO.Path.Combine(_folder.FullName, "mounted");
        Directory.CreateDirectory(Path);
        _caretaker = Process.Start(
            new ProcessStartInfo("/bin/sh", ["-c", Caretaker, "sh", Path, Image]) { RedirectStandardInput = true })!;
    }

    /// <summary>Where it is mounted.</summary>
    public string Path { get; }

    public string Data => System.IO.Path.Combine(Path, "data");

    public long Free => new DriveInfo(Path).AvailableFreeSpace;

    private string Image => System.IO.Path.Combine(_folder.FullName, "image");

    public static async Task<Volume> Create(int megabytes)
    {
        var volume = new Volume();
        try
        {
            using (var image = File.Create(volume.Image))
                image.SetLength((long)megabytes << 20);
            await Required("mkfs.ext4", "-q", "-F", "-m", "0", volume.Image);
            await volume.Mount();
            return volume;
        }
        catch
        {
            await volume.DisposeAsync();
            throw;
        }
    }

    public async Task Mount()
    {
        await Required("mount", "-o", "loop", Image, Path);
        _isMounted = true;
    }

    public async Task Unmount()
    {
        // What was killed may hold its files for a moment longer.
        var said = "";
        await Poll.Until(
            async () =>
            {
                await using var umount = ChildProcess.Start("umount", Path);
                using var deadline = ChildProcess.Deadline();
                var code = await umount.Exit(deadline.Token);
                said = umount.Errors;
                return code == 0;
            },
            () => said);
        _isMounted = false;
    }

    /// <summary>
    /// As when the power goes: from now on nothing reaches the disk, and what was not flushed before never will. To be
    /// unmounted and mounted again.
    /// </summary>
    public void CutPower()
    {
        var noLogFlush = 2u; // what the journal has in memory is lost too
        var directory = Open(Path, ReadOnly);
        if (directory < 0)
            throw new Win32Exception();
        try
        {
            if (Control(directory, Shutdown, in noLogFlush) != 0)
                throw new Win32Exception();
        }
        finally
        {
            _ = Close(directory);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_isMounted)
            await Unmount();
        _caretaker.StandardInput.Close();
        await _caretaker.WaitForExitAsync();
        _caretaker.Dispose();
        _folder.Delete(recursive: true);
    }

    private static async Task Required(string program, params string[] arguments)
    {
        if (await Refusal(program, arguments) is { } refusal)
            Assert.Skip($"no ext4 file system can be mounted from a file here: {refusal}");
    }

    private static async Task<string?> Refusal(string program, string[] arguments)
    {
        try
        {
            await using var process = ChildProcess.Start(program, arguments);
            using var deadline = ChildProcess.Deadline();
            return await process.Exit(deadline.Token) == 0 ? null : process.Errors.Trim();
        }
        catch (Win32Exception missing)
        {
            return missing.Message;
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(int descriptor, nuint request, ref readonly uint argument);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
