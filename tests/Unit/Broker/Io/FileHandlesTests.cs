using Millrace.Broker.Io;
using Millrace.Core.Log;

namespace Millrace.Unit.Broker.Io;

public sealed class FileHandlesTests : IDisposable
{
    private const int Most = 8;

    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-handles-").FullName;
    private readonly FileDisk _disk;

    public FileHandlesTests() => _disk = new FileDisk(_folder, Most);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Many_files_hold_few_handles()
    {
        IDiskFile[] files = Written(100);
        Assert.InRange(_disk.Handles, 1, Most);
        for (int i = 0; i < files.Length; i++)
        {
            Assert.Equal((byte)i, First(files[i]));
            Assert.InRange(_disk.Handles, 1, Most);
        }

        foreach (IDiskFile file in files)
            file.Dispose();
        Assert.Equal(0, _disk.Handles);
    }

    [Fact]
    public void Those_used_last_keep_theirs()
    {
        IDiskFile[] files = Written(40);
        IDiskFile often = files[0];
        for (int i = 1; i < files.Length; i++)
        {
            First(often);
            First(files[i]);
        }

        File.Delete(Path.Combine(_folder, "0"));
        Assert.Equal(0, First(often)); // by the handle that it still has
        File.Delete(Path.Combine(_folder, "1"));
        Assert.Throws<FileNotFoundException>(() => First(files[1]));
        Assert.False(File.Exists(Path.Combine(_folder, "1")));
    }

    [Fact]
    public void A_file_with_unflushed_writes_keeps_its_handle()
    {
        IDiskFile unflushed = _disk.Open("unflushed");
        unflushed.Write(0, [9]);
        Written(40);
        _disk.CloseIdle();
        _disk.CloseIdle();
        Assert.Equal(1, _disk.Handles);
        File.Delete(Path.Combine(_folder, "unflushed"));
        unflushed.Flush();
        _disk.CloseIdle();
        Assert.Equal(9, First(unflushed));
        _disk.CloseIdle();
        _disk.CloseIdle();
        Assert.Throws<FileNotFoundException>(() => First(unflushed));
    }

    /// <summary>Beyond twice the limit the oldest are flushed, so that they can be closed.</summary>
    [Fact]
    public void Not_even_unflushed_files_hold_handles_without_bound()
    {
        IDiskFile[] files = new IDiskFile[100];
        for (int i = 0; i < files.Length; i++)
        {
            files[i] = _disk.Open($"{i}");
            files[i].Write(0, [(byte)i]);
            Assert.InRange(_disk.Handles, 1, 2 * Most);
        }

        for (int i = 0; i < files.Length; i++)
        {
            files[i].Flush();
            Assert.Equal((byte)i, First(files[i]));
        }
    }

    [Fact]
    public void What_is_idle_for_two_sweeps_is_closed()
    {
        IDiskFile[] files = Written(2);
        _disk.CloseIdle();
        Assert.Equal(2, _disk.Handles);
        First(files[1]);
        _disk.CloseIdle();
        Assert.Equal(1, _disk.Handles);
        Assert.Equal(0, First(files[0]));
        Assert.Equal(2, _disk.Handles);
    }

    [Fact]
    public void A_moved_file_is_found_at_its_new_place()
    {
        IDiskFile moved = Written(1)[0];
        moved.MoveTo("elsewhere");
        CloseAll();
        _disk.Open("0").Dispose();
        Assert.Equal(0, First(moved));
        Assert.Equal(1, moved.Length);
        moved.MoveTo("again");
        moved.Dispose();
        Assert.Equal(["0", "again"], _disk.List("").Order());
    }

    [Fact]
    public void A_closed_handle_comes_back_for_every_operation()
    {
        IDiskFile file = Written(1)[0];
        foreach (Action operation in (Action[])
        [
            () => Assert.Equal(1, file.Length), () => First(file), () => file.Write(0, [7]), file.Flush,
            () => file.Truncate(1), () => file.Reserve(4096), () => file.MoveTo("new"), () => file.MoveTo("0"),
        ])
        {
            file.Flush();
            CloseAll();
            operation();
            Assert.Equal(1, _disk.Handles);
        }

        Assert.Equal(7, First(file));
        CloseAll();
        file.Dispose();
        Assert.Throws<FileClosedException>(() => First(file));
        Assert.Equal(0, _disk.Handles);
    }

    /// <summary>Everything at the same time on more files than may have handles: each reads what it wrote.</summary>
    [Fact]
    public async Task Nothing_is_lost_or_mixed_up_when_all_happens_at_once()
    {
        const int Count = 32;
        IDiskFile[] files = Written(Count);
        var cancellation = TestContext.Current.CancellationToken;
        Task[] workers =
        [
            .. Enumerable.Range(0, 6).Select(worker => Task.Run(
                () =>
                {
                    var random = new Random(worker);
                    for (int i = 0; i < 2000; i++)
                    {
                        int number = random.Next(Count);
                        Use(files[number], number, random.Next(40));
                    }
                },
                cancellation)),
            Task.Run(
                () =>
                {
                    for (int i = 0; i < 500; i++)
                        _disk.CloseIdle();
                },
                cancellation),
        ];
        await Task.WhenAll(workers);
        _disk.Open("last").Dispose();
        Assert.InRange(_disk.Handles, 0, 2 * Most);
        foreach (IDiskFile file in files)
            file.Dispose();
        Assert.Equal(0, _disk.Handles);
    }

    [Fact]
    public async Task A_disposal_beside_operations_closes_once_and_for_all()
    {
        var cancellation = TestContext.Current.CancellationToken;
        for (int round = 0; round < 200; round++)
        {
            IDiskFile file = _disk.Open("a");
            Task[] users = [.. Enumerable.Range(0, 3).Select(_ => Task.Run(() => UseUntilClosed(file), cancellation))];
            file.Dispose();
            file.Dispose();
            await Task.WhenAll(users);
            Assert.Equal(0, _disk.Handles);
        }
    }

    private static void Use(IDiskFile file, int number, int operation)
    {
        switch (operation)
        {
            case 0:
                file.Flush();
                break;
            case 1:
                file.MoveTo($"{number}");
                break;
            case < 10:
                file.Write(0, [(byte)number]);
                break;
            default:
                Assert.Equal((byte)number, First(file));
                break;
        }
    }

    private static void UseUntilClosed(IDiskFile file)
    {
        try
        {
            while (true)
            {
                file.Write(0, [1]);
                First(file);
            }
        }
        catch (FileClosedException)
        {
            // The end.
        }
    }

    private static byte First(IDiskFile file)
    {
        Span<byte> read = stackalloc byte[1];
        Assert.Equal(1, file.Read(0, read));
        return read[0];
    }

    private IDiskFile[] Written(int count)
    {
        var files = new IDiskFile[count];
        for (int i = 0; i < count; i++)
        {
            files[i] = _disk.Open($"{i}");
            files[i].Write(0, [(byte)i]);
            files[i].Flush();
        }

        return files;
    }

    private void CloseAll()
    {
        _disk.CloseIdle();
        _disk.CloseIdle();
        Assert.Equal(0, _disk.Handles);
    }
}
