using Millrace.Core.Log;
using Millrace.Shared.Simulated;

namespace Millrace.Unit.Core.Log;

public sealed class FailStopDiskTests
{
    private readonly SimDisk _below = new();
    private readonly FailStopDisk _disk;

    public FailStopDiskTests() => _disk = new FailStopDisk(_below, "/var/millrace");

    [Fact]
    public void After_a_failed_flush_no_other_reaches_the_disk()
    {
        IDiskFile failing = _disk.Open("a");
        IDiskFile other = _disk.Open("b");
        other.Flush();
        _disk.FlushDirectory("");
        Assert.Null(_disk.Failure);
        _below.FailFlushes = true;
        IOException told = Assert.Throws<IOException>(failing.Flush);
        Assert.Contains("/var/millrace", told.Message, StringComparison.Ordinal);
        Assert.Contains("The disk refused.", told.Message, StringComparison.Ordinal);
        Assert.Equal("The disk refused.", _disk.Failure?.Message);

        _below.FailFlushes = false;
        int flushes = _below.Flushes;
        foreach (Action flush in (Action[])[failing.Flush, other.Flush, () => _disk.FlushDirectory("")])
            Assert.Same(_disk.Failure, Assert.Throws<IOException>(flush).InnerException);
        Assert.Throws<IOException>(_disk.Open("c").Flush);
        Assert.Equal(flushes, _below.Flushes);
    }

    [Fact]
    public void A_directory_that_cannot_be_flushed_is_the_end_too()
    {
        _below.FailFlushes = true;
        Assert.Throws<IOException>(() => _disk.FlushDirectory(""));
        _below.FailFlushes = false;
        Assert.Throws<IOException>(_disk.Open("a").Flush);
    }

    [Fact]
    public void Reads_and_writes_go_on()
    {
        using IDiskFile file = _disk.Open("a");
        _below.FailFlushes = true;
        Assert.Throws<IOException>(file.Flush);
        file.Write(0, [1, 2, 3]);
        file.Truncate(2);
        file.Reserve(10);
        file.MoveTo("b");
        byte[] read = new byte[3];
        Assert.Equal(2, file.Read(0, read));
        Assert.Equal(2, file.Length);
        _disk.CreateDirectory("d");
        _disk.Rename("b", "d/c");
        Assert.Equal(["c"], _disk.List("d"));
        _disk.Delete("d/c");
        Assert.False(_disk.Exists("d/c"));
        _disk.DeleteDirectory("d");
        Assert.False(_disk.Exists("d"));
    }

    [Fact]
    public void That_a_file_is_closed_is_no_failure_of_the_disk()
    {
        IDiskFile file = _disk.Open("a");
        file.Dispose();
        Assert.Throws<FileClosedException>(file.Flush);
        Assert.Null(_disk.Failure);
        _disk.Open("b").Flush();
    }

    [Fact]
    public void Nor_is_that_it_is_full()
    {
        IDiskFile file = _disk.Open("a");
        _below.IsFull = true;
        Assert.Throws<DiskFullException>(() => file.Write(0, [1]));
        Assert.Null(_disk.Failure);
        file.Flush();
    }

    /// <summary>The flush below succeeds, but another failed while it ran: what it wrote may be lost as well.</summary>
    [Fact]
    public void A_flush_that_another_failed_beside_is_no_success()
    {
        IDiskFile slow = _disk.Open("slow");
        IDiskFile failing = _disk.Open("failing");
        _below.DuringFlush = _ =>
        {
            _below.DuringFlush = null;
            _below.FailFlushes = true;
            Assert.Throws<IOException>(failing.Flush);
            _below.FailFlushes = false;
        };
        Assert.Throws<IOException>(slow.Flush);
    }
}
