using System.Diagnostics;
using System.Runtime.Versioning;
using Millrace.Broker.Io;
using Millrace.Core.Log;

namespace Millrace.Unit.Broker.Io;

/// <summary>What the system refuses is an IOException, and where only room is missing a DiskFullException.</summary>
public sealed class FileDiskErrorTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-errors-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>The device takes no byte, and it can't be flushed.</summary>
    [Fact]
    public void A_write_without_room_is_told_apart_from_a_failure()
    {
        File.CreateSymbolicLink(Path.Combine(_folder, "full"), "/dev/full");
        using IDiskFile file = new FileDisk(_folder).Open("full");
        DiskFullException full = Assert.ThrowsAny<DiskFullException>(() => file.Write(0, new byte[10]));
        Assert.Contains("full", full.Message, StringComparison.Ordinal);
        IOException failed = Assert.ThrowsAny<IOException>(file.Flush);
        Assert.IsNotType<DiskFullException>(failed, exactMatch: false);
        Assert.Same(failed, Assert.ThrowsAny<IOException>(file.Flush).InnerException); // not tried again
    }

    [Fact]
    public void No_room_for_a_file_a_directory_or_a_name_is_a_full_disk_too()
    {
        using Tmpfs small = Tmpfs.Mount(_folder, "size=64k,nr_inodes=4");
        var disk = new FileDisk(_folder);
        using IDiskFile file = disk.Open("a");
        Assert.ThrowsAny<DiskFullException>(() => file.Write(0, new byte[100_000]));
        Assert.ThrowsAny<DiskFullException>(() => file.Reserve(100_000));
        file.Truncate(0);
        file.Write(0, [1]);
        file.Flush();
        disk.CreateDirectory("d");
        disk.Open("d/b").Dispose();
        Assert.ThrowsAny<DiskFullException>(() => disk.Open("c"));
        Assert.ThrowsAny<DiskFullException>(() => disk.CreateDirectory("e"));
        disk.Delete("d/b");
        disk.Open("c").Dispose();
    }

    /// <summary>Where another thing than the asked one stands, or nothing, or what the system forbids.</summary>
    [Fact]
    public void Everything_else_is_an_IOException()
    {
        var disk = new FileDisk(_folder);
        disk.Open("file").Dispose();
        disk.CreateDirectory("d");
        disk.CreateDirectory("d");
        disk.Open("d/a").Dispose();
        string tooLong = new('x', 300);
        foreach (Action operation in (Action[])
        [
            () => disk.Open("d"), () => disk.Open("file/a"), () => disk.Open(tooLong), () => disk.Open("none/a"),
            () => disk.Delete("d"), () => disk.Rename("none", "other"), () => disk.Rename("file", "d"),
            () => disk.CreateDirectory("none/d"), () => disk.CreateDirectory(tooLong), () => disk.List("none"),
            () => disk.List("file"), () => disk.FlushDirectory("none"), () => disk.Exists(tooLong),
            () => disk.DeleteDirectory("file"), () => new FileDisk("/proc/none"),
        ])
        {
            IOException failure = Assert.ThrowsAny<IOException>(operation);
            Assert.IsNotType<DiskFullException>(failure, exactMatch: false);
        }

        disk.Delete("none");
        disk.DeleteDirectory("none");
        Assert.False(disk.Exists("file/a"));
        Assert.Equal(["d", "file"], disk.List("").Order());
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void What_the_system_forbids_is_an_IOException()
    {
        Assert.SkipWhen(Environment.IsPrivilegedProcess, "nothing is forbidden to root");
        var disk = new FileDisk(_folder);
        disk.CreateDirectory("d");
        disk.Open("d/a").Dispose();
        File.SetUnixFileMode(Path.Combine(_folder, "d"), UnixFileMode.UserRead);
        try
        {
            foreach (Action operation in (Action[])
            [
                () => disk.Open("d/a"), () => disk.Exists("d/a"), () => disk.DeleteDirectory("d"),
                () => disk.Delete("d/a"), () => disk.Rename("d/a", "b"),
            ])
                Assert.ThrowsAny<IOException>(operation);
        }
        finally
        {
            File.SetUnixFileMode(
                Path.Combine(_folder, "d"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>A small file system of its own, mounted over a folder.</summary>
    private sealed class Tmpfs : IDisposable
    {
        private readonly string _folder;

        private Tmpfs(string folder) => _folder = folder;

        public static Tmpfs Mount(string folder, string options)
        {
            Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root may mount a small file system");
            int code = Run("mount", "-t", "tmpfs", "-o", options, "tmpfs", folder);
            Assert.SkipUnless(code == 0, "this system lets nobody mount a small file system");
            return new Tmpfs(folder);
        }

        public void Dispose() => Assert.Equal(0, Run("umount", _folder));

        private static int Run(string program, params string[] arguments)
        {
            using Process process = Process.Start(program, arguments);
            process.WaitForExit();
            return process.ExitCode;
        }
    }
}
