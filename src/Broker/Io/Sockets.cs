using System.Runtime.InteropServices;

namespace Millrace.Broker.Io;

/// <summary>
/// The calls of the C library that move bytes through a connected, non-blocking socket. Each gives the count of bytes
/// that it moved, or one of the two negative values.
/// </summary>
internal static unsafe partial class Sockets
{
    /// <summary>Nothing can be moved now: the socket is empty, or full.</summary>
    public const int WouldBlock = -1;

    /// <summary>The connection is broken.</summary>
    public const int Failed = -2;

    private const int Interrupted = 4;
    private const int Again = 11;
    private const int NoSignal = 0x4000;
    private const int More = 0x8000;

    /// <summary>0 when the other side has said all.</summary>
    public static int Receive(int socket, Span<byte> buffer)
    {
        nint count;
        do
        {
            fixed (byte* bytes = buffer)
                count = recv(socket, bytes, buffer.Length, 0);
        }
        while (count < 0 && WasInterrupted());
        return Result(count);
    }

    /// <summary>The same into two places: what the first has no room for goes into the second.</summary>
    public static int Receive(int socket, Span<byte> first, Span<byte> second)
    {
        fixed (byte* one = first, two = second)
        {
            var places = stackalloc Place[] { new(one, first.Length), new(two, second.Length) };
            nint count;
            do
                count = readv(socket, places, 2);
            while (count < 0 && WasInterrupted());
            return Result(count);
        }
    }

    /// <param name="more">More follows at once: the last packet need not go before.</param>
    public static int Send(int socket, ReadOnlySpan<byte> source, bool more)
    {
        nint count;
        do
        {
            fixed (byte* bytes = source)
                count = send(socket, bytes, source.Length, NoSignal | (more ? More : 0));
        }
        while (count < 0 && WasInterrupted());
        return Result(count);
    }

    private readonly struct Place(byte* start, nint length)
    {
        public readonly byte* Start = start;
        public readonly nint Length = length;
    }

    private static bool WasInterrupted() => Marshal.GetLastPInvokeError() == Interrupted;

    private static int Result(nint count) =>
        count >= 0 ? (int)count : Marshal.GetLastPInvokeError() == Again ? WouldBlock : Failed;

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recv(int socket, void* buffer, nint count, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint readv(int socket, Place* places, int count);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint send(int socket, void* buffer, nint count, int flags);
}
