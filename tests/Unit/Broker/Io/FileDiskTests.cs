using System.Diagnostics;
using Millrace.Broker.Io;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Unit.Core.Log;

namespace Millrace.Unit.Broker.Io;

public sealed class FileDiskTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-disk-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Files_keep_what_is_written()
    {
        var disk = new FileDisk(_folder);
        disk.CreateDirectory("d");
        using (IDiskFile file = disk.Open("d/a"))
        {
            file.Write(3, [1, 2, 3]);
            file.Flush();
            Assert.Equal(6, file.Length);
            file.Truncate(5);
            byte[] read = new byte[10];
            Assert.Equal(4, file.Read(1, read));
            Assert.Equal([0, 0, 1, 2], read[..4]);
            disk.Delete("d/a");
            Assert.Equal(5, file.Read(0, read)); // still there for who holds it
        }

        disk.Open("d/b").Dispose();
        disk.Rename("d/b", "d/c");
        disk.FlushDirectory("d");
        Assert.Equal(["c"], disk.List("d"));
        Assert.True(disk.Exists("d/c"));
        disk.Rename("d", "e");
        disk.DeleteDirectory("e");
        Assert.Empty(disk.List(""));
        Assert.Throws<FileNotFoundException>(() => disk.Open("none/a"));
        Assert.ThrowsAny<IOException>(() => disk.FlushDirectory("none"));
    }

    /// <summary>What was let go is read from the disk again; what was not flushed stays.</summary>
    [Fact]
    public void What_was_flushed_is_let_go_beyond_the_budget()
    {
        const int Block = (int)WrittenPages.Block;
        const int Budget = 2 * Block;
        var disk = new FileDisk(_folder, mostHandles: 64, Budget);
        byte[] content = new byte[7 * Block + 100];
        new Random(1).NextBytes(content);
        using IDiskFile file = disk.Open("a");
        using IDiskFile other = disk.Open("b");
        file.Write(0, content.AsSpan(0, Block - 1));
        file.Flush();
        Assert.Equal(0, disk.WrittenBytesInCache); // no whole block
        file.Write(Block - 1, content.AsSpan(Block - 1, 2 * Block));
        Assert.Equal(0, disk.WrittenBytesInCache); // not flushed
        file.Flush();
        Assert.Equal(2 * Block, disk.WrittenBytesInCache);
        disk.TrimCache();
        Assert.Equal(2 * Block, disk.WrittenBytesInCache); // within the budget
        other.Write(0, content.AsSpan(0, Block));
        other.Flush();
        file.Write((3 * Block) - 1, content.AsSpan((3 * Block) - 1));
        file.Flush();
        Assert.Equal(8 * Block, disk.WrittenBytesInCache);

        disk.TrimCache();
        Assert.InRange(disk.WrittenBytesInCache, 0, Budget);
        byte[] read = new byte[content.Length];
        Assert.Equal(content.Length, file.Read(0, read));
        Assert.Equal(content, read);

        file.Truncate(Block + 5);
        file.Write(Block + 5, content.AsSpan(0, Block));
        file.Flush();
        Assert.Equal(content[..Block], Bytes(disk.Open("a"), Block + 5, Block));
    }

    private static byte[] Bytes(IDiskFile file, long position, int length)
    {
        using (file)
        {
            byte[] bytes = new byte[length];
            Assert.Equal(length, file.Read(position, bytes));
            return bytes;
        }
    }

    [Fact]
    public void What_comes_after_the_disposal_is_a_failed_read_or_write()
    {
        IDiskFile file = new FileDisk(_folder).Open("a");
        file.Dispose();
        Assert.Throws<FileClosedException>(() => file.Length);
        Assert.Throws<FileClosedException>(() => file.Read(0, new byte[1]));
        Assert.Throws<FileClosedException>(() => file.Write(0, [1]));
        Assert.Throws<FileClosedException>(file.Flush);
        Assert.Throws<FileClosedException>(() => file.Truncate(0));
    }

    /// <summary>Kafka's own tool reads what was written, indexes, producers and all, and finds no mismatch.</summary>
    [Fact]
    public async Task Kafka_reads_the_files()
    {
        string peers = Environment.GetEnvironmentVariable("KAFKA_PEERS") is { Length: > 0 } named
            ? named
            : Path.Combine(Checkout.Root, "..", "shared", "peers");
        string tool = Path.Combine(peers, "bin", "java-run");
        Assert.SkipUnless(File.Exists(tool), $"no Kafka to ask: {tool} does not exist, nor is KAFKA_PEERS set");
        WriteLog();
        string[] files =
        [
            .. Directory.GetFiles(Path.Combine(_folder, "orders-0"))
                .Where(name => Path.GetExtension(name) is ".log" or ".index" or ".timeindex" or ".snapshot").Order(),
        ];
        Assert.True(files.Length > 12);
        var start = new ProcessStartInfo(tool)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList =
            {
                "org.apache.kafka.tools.DumpLogSegments", "--deep-iteration", "--files", string.Join(',', files),
            },
        };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, output + await errors);
        foreach (string complaint in (string[])["ismatch", "Error", "Exception", "invalid", "isvalid: false"])
            Assert.DoesNotContain(complaint, output + await errors, StringComparison.Ordinal);
        Assert.Equal(500, output.Split("| offset: ").Length - 1);
        Assert.Contains("producerId: 7 producerEpoch: 0", output, StringComparison.Ordinal);
    }

    private void WriteLog()
    {
        LogSettings settings = new() { SegmentBytes = 4000, IndexIntervalBytes = 300 };
        var log = PartitionLog.Open(
            new FileDisk(_folder), LogFixture.Topic, settings, LogFixture.Now,
            new LogOpening(true, Offset.Zero, Offset.Zero));
        for (int i = 0; i < 250; i++)
        {
            long time = LogFixture.Now.Milliseconds + (i * 37 % 101);
            byte[] batch = LogFixture.Batch([$"v{i}", $"w{i}"], time, (CompressionType)(i % 5), 7, 0, 2 * i);
            Assert.Equal(
                ErrorCode.None, log.Append(batch, new LeaderEpoch(i / 100), LogFixture.Now, AppendOrigin.Client).Error);
        }

        Assert.True(log.Close(clean: true));
    }
}
