using System.Net;
using System.Net.Sockets;
using Millrace.Broker.Io;
using Millrace.Core.Log;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Broker.Io;

/// <summary>Responses with large records, sent from the file or copied.</summary>
public sealed class OutgoingTests : IDisposable
{
    private const int RecordBytes = 12 << 20; // more than sockets take
    private const int Loans = 4;

    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-outgoing-").FullName;
    private readonly FileDisk _disk;
    private readonly IDiskFile _file;
    private readonly byte[] _records = new byte[RecordBytes];
    private readonly FileLoans _loans = new(Loans, leastBytes: 64 * 1024);
    private readonly Socket _client = new(SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 20_000 };
    private readonly Socket _server;

    public OutgoingTests()
    {
        new Random(1).NextBytes(_records);
        _disk = new FileDisk(_folder, mostHandles: 1);
        _file = _disk.Open("a.log");
        _file.Write(0, _records);
        _file.Flush();
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        _client.Connect(listener.LocalEndPoint!);
        _server = listener.Accept();
        _server.Blocking = false;
    }

    private int Descriptor => (int)_server.Handle;

    public void Dispose()
    {
        _file.Dispose();
        _client.Dispose();
        _server.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void BytesComeInTheirOrderFromFileAndMemory(bool canLend)
    {
        using var outgoing = new Outgoing(_loans);
        var expected = new List<byte>();
        Write(outgoing, expected, new Source(_file, canLend), RecordBytes / 2, RecordBytes / 4);
        Write(outgoing, expected, new Source(_file, canLend), 5, 0, 65_536, 65_535, RecordBytes / 4);
        Assert.Equal(canLend ? Loans - 4 : Loans, _loans.Left);

        Assert.Equal(expected, ReceiveAll(outgoing, expected.Count));

        outgoing.Clear();
        Assert.Equal(Loans, _loans.Left);
    }

    [Fact]
    public void WhatGoesBeyondTheLoansIsCopied()
    {
        using var outgoing = new Outgoing(_loans);
        var expected = new List<byte>();
        Write(outgoing, expected, new Source(_file, canLend: true), [.. Enumerable.Repeat(100_000, 7)]);
        Assert.Equal(0, _loans.Left);

        Assert.Equal(expected, ReceiveAll(outgoing, expected.Count));
    }

    [Fact]
    public void AFileThatIsDeletedOnTheWayIsSentWhole()
    {
        using var outgoing = new Outgoing(_loans);
        var expected = new List<byte>();
        Write(outgoing, expected, new Source(_file, canLend: true), RecordBytes);
        Assert.Equal(Sockets.WouldBlock, outgoing.Send(Descriptor));

        _disk.Delete("a.log");
        _file.Dispose();
        using (var other = _disk.Open("a.log"))
            other.Write(0, new byte[RecordBytes]);

        Assert.Equal(expected, ReceiveAll(outgoing, expected.Count));
        Assert.Equal(0, _disk.Handles);
    }

    [Fact]
    public void AFileThatIsCutOnTheWayBreaksTheConnection()
    {
        using var outgoing = new Outgoing(_loans);
        Write(outgoing, [], new Source(_file, canLend: true), RecordBytes);
        Assert.Equal(Sockets.WouldBlock, outgoing.Send(Descriptor));

        _file.Truncate(RecordBytes - 1);

        var received = new byte[1 << 20];
        int outcome;
        while ((outcome = outgoing.Send(Descriptor)) == Sockets.WouldBlock)
            Assert.NotEqual(0, _client.Receive(received));
        Assert.Equal(Sockets.Failed, outcome);
    }

    [Fact]
    public void WhatIsNotSentIsGivenBack()
    {
        using (var outgoing = new Outgoing(_loans))
        {
            Write(outgoing, [], new Source(_file, canLend: true), RecordBytes, 100_000);
            outgoing.Send(Descriptor);
            _file.Dispose();
            Assert.Equal(1, _disk.Handles);
            outgoing.Clear();
        }

        Assert.Equal(0, _disk.Handles);
        Assert.Equal(Loans, _loans.Left);
    }

    [Fact]
    public void AClientThatAlwaysLeavesALittleDoesNotMakeTheBufferGrow()
    {
        using var outgoing = new Outgoing(_loans);
        var expected = new List<byte>();
        var received = new List<byte>();
        var chunk = new byte[300_000];
        for (var i = 0; i < 300; i++)
        {
            while (outgoing.Unsent < 100_000)
                Write(outgoing, expected, new Source(_file, canLend: i % 2 == 0), 30_000, 70_000);
            outgoing.Send(Descriptor);
            if (outgoing.Unsent > 0)
                received.AddRange(chunk.AsSpan(0, _client.Receive(chunk)));
        }

        Assert.InRange(outgoing.Capacity, 0, 2 << 20);
        received.AddRange(ReceiveAll(outgoing, expected.Count - received.Count));
        Assert.Equal(expected, received);
    }

    /// <summary>One frame with records of these lengths, and what is expected of it.</summary>
    private void Write(Outgoing outgoing, List<byte> expected, Source source, params int[] lengths)
    {
        var plain = new WireWriter();
        plain.Int32(0);
        var writer = outgoing.BeginFrame();
        var position = 1000;
        foreach (var length in lengths)
        {
            var bytes = Math.Min(length, RecordBytes - position);
            writer.Int16(7);
            writer.Records(new RecordData(source, position, bytes), flexible: false);
            plain.Int16(7);
            plain.Records(new RecordData(_records.AsMemory(position, bytes)), flexible: false);
            position += bytes / 2;
        }

        writer.Int64(42);
        plain.Int64(42);
        Assert.Equal(plain.Length - 4, outgoing.EndFrame());
        plain.PatchInt32(0, plain.Length - 4);
        expected.AddRange(plain.WrittenSpan);
        plain.Dispose();
    }

    private byte[] ReceiveAll(Outgoing outgoing, int count)
    {
        var bytes = new byte[count];
        for (var at = 0; at < count;)
        {
            Assert.NotEqual(Sockets.Failed, outgoing.Send(Descriptor));
            var received = _client.Receive(bytes.AsSpan(at));
            Assert.NotEqual(0, received);
            at += received;
        }

        Assert.Equal(0, outgoing.Send(Descriptor));
        Assert.Equal(0, outgoing.Unsent);
        return bytes;
    }

    private sealed class Source(IDiskFile file, bool canLend) : IRecordSource
    {
        public void Read(long position, Span<byte> destination) => file.Read(position, destination);

        public int Lend() => canLend ? file.Lend() : -1;

        public void TakeBack() => file.TakeBack();
    }
}
