using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Millrace.Broker.Io;

/// <summary>Linux's readiness notification, level-triggered, with an eventfd to interrupt a wait.</summary>
internal sealed partial class Epoll : IDisposable
{
    public const uint Readable = 0x001;
    public const uint Writable = 0x004;

    /// <summary>An error, or both directions are closed.</summary>
    public const uint Gone = 0x018;
    private const uint Hangup = 0x2000;
    private const uint EdgeTriggered = 1u << 31;
    private const int Add = 1;
    private const int Delete = 2;
    private const int Modify = 3;
    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;
    private const int Interrupted = 4;

    private readonly int _epoll;
    private readonly int _wake;

    public Epoll()
    {
        _epoll = Check(epoll_create1(CloseOnExec));
        _wake = Check(eventfd(0, CloseOnExec | NonBlocking));
        Watch(_wake, Readable | EdgeTriggered); // each write wakes once, so nobody has to read
    }

    /// <summary>One ready descriptor. Packed, as the kernel has it on x86-64 only.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 12)]
    public struct PackedEvent
    {
        [FieldOffset(0)]
        public uint Ready;
        [FieldOffset(4)]
        public int Descriptor;
    }

    [StructLayout(LayoutKind.Explicit, Size = 16)]
    private struct AlignedEvent
    {
        [FieldOffset(0)]
        public uint Ready;
        [FieldOffset(8)]
        public int Descriptor;
    }

    private static bool IsPacked => RuntimeInformation.ProcessArchitecture == Architecture.X64;

    public void Watch(int descriptor, uint interest) => Control(Add, descriptor, interest | Hangup);

    public void Change(int descriptor, uint interest) => Control(Modify, descriptor, interest);

    public void Forget(int descriptor) => Control(Delete, descriptor, 0);

    /// <summary>
    /// Waits for at most <paramref name="milliseconds"/> (-1: for ever); the count of ready descriptors.
    /// </summary>
    public unsafe int Wait(Span<PackedEvent> ready, int milliseconds)
    {
        int count;
        if (IsPacked)
        {
            fixed (PackedEvent* events = ready)
                count = epoll_wait(_epoll, events, ready.Length, milliseconds);
        }
        else
        {
            var aligned = stackalloc AlignedEvent[ready.Length];
            count = epoll_wait(_epoll, aligned, ready.Length, milliseconds);
            for (var i = 0; i < count; i++)
                ready[i] = new PackedEvent { Ready = aligned[i].Ready, Descriptor = aligned[i].Descriptor };
        }

        if (count >= 0)
            return count;
        return Marshal.GetLastPInvokeError() == Interrupted ? 0 : throw new Win32Exception();
    }

    /// <summary>True when the descriptor is this one's own interruption.</summary>
    public bool IsWake(int descriptor) => descriptor == _wake;

    /// <summary>Ends a wait, or the next one. From any thread.</summary>
    public unsafe void Wake()
    {
        ulong one = 1;
        _ = write(_wake, &one, sizeof(ulong));
    }

    public void Dispose()
    {
        _ = close(_wake);
        _ = close(_epoll);
    }

    private unsafe void Control(int operation, int descriptor, uint interest)
    {
        var packed = new PackedEvent { Ready = interest, Descriptor = descriptor };
        var aligned = new AlignedEvent { Ready = interest, Descriptor = descriptor };
        Check(epoll_ctl(_epoll, operation, descriptor, IsPacked ? &packed : &aligned));
    }

    private static int Check(int result) => result >= 0 ? result : throw new Win32Exception();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int epoll_ctl(int epoll, int operation, int descriptor, void* change);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int epoll_wait(int epoll, void* events, int most, int milliseconds);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int eventfd(uint initial, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint write(int descriptor, void* buffer, nint count);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int descriptor);
}
