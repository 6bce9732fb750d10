using Millrace.Core.Log;
using Millrace.Shared.Simulated;

namespace Millrace.Simulation.Machine;

/// <summary>
/// What the disk does to the broker, call by call: it fails once or for good, it is full for a while, and at a call
/// that was drawn the machine stops. 1. Nothing fails while <see cref="AreOn"/> is false, but for the stop.
/// </summary>
internal sealed class DiskFaults(World world)
{
    private long _calls;
    private long _stopAt = long.MaxValue;
    private bool _isStopped;
    private Fault _flush;
    private Fault _write;
    private Fault _read;

    private enum Fault
    {
        None,
        Once,
        ForEver,
    }

    public bool AreOn { get; set; }

    /// <summary>A flush has failed in this life.</summary>
    public bool HasFlushFailed { get; private set; }

    /// <summary>Something was refused in this life that may have left a log offline.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>The broker may end its process over what the disk did: its metadata can't be stored.</summary>
    public bool MayStopTheProcess => HasFailed;

    /// <summary>Where the machine stopped; empty if it did not.</summary>
    public string StoppedAt { get; private set; } = "";

    public Action FlushFailed { get; set; } = () => { };

    /// <summary>A new life begins on a disk that was mended.</summary>
    public void Renew()
    {
        (_flush, _write, _read) = (Fault.None, Fault.None, Fault.None);
        HasFlushFailed = HasFailed = _isStopped = false;
        _stopAt = long.MaxValue;
        StoppedAt = "";
    }

    /// <summary>The machine stops before so many more calls are done.</summary>
    public void StopAfter(int calls) => _stopAt = _calls + calls;

    public void FailFlush(bool forEver) => _flush = forEver ? Fault.ForEver : Fault.Once;

    public void FailWrite(bool forEver) => _write = forEver ? Fault.ForEver : Fault.Once;

    public void FailRead(bool forEver) => _read = forEver ? Fault.ForEver : Fault.Once;

    public void Before(DiskCall call, string path)
    {
        if (_isStopped)
            throw new ProcessDiedException();
        if (++_calls >= _stopAt)
        {
            _isStopped = true;
            StoppedAt = $"{call} of {path}";
            throw new ProcessDiedException();
        }

        if (!AreOn)
            return;
        switch (call)
        {
            case DiskCall.Flush or DiskCall.FlushDirectory when Strikes(ref _flush):
                HasFlushFailed = HasFailed = true;
                world.Sometimes.Count(Rare.FailedFlush);
                world.Trace.Line($"disk: EIO in {call} of {path}");
                FlushFailed();
                throw new IOException($"EIO: {path} can't be flushed");
            case DiskCall.Write when Strikes(ref _write):
                HasFailed = true;
                world.Sometimes.Count(Rare.FailedWrite);
                world.Trace.Line($"disk: EIO in {call} of {path}");
                throw new IOException($"EIO: {path} can't be written");
            case DiskCall.Read when Strikes(ref _read):
                HasFailed = true;
                world.Sometimes.Count(Rare.FailedRead);
                world.Trace.Line($"disk: EIO in {call} of {path}");
                throw new IOException($"EIO: {path} can't be read");
            case DiskCall.Create when world.Disk.Used >= world.Disk.Capacity && world.Chance.Next(4) == 0:
                world.Trace.Line($"disk: no room for {path}");
                throw new DiskFullException($"ENOSPC: {path} can't be made");
        }
    }

    private static bool Strikes(ref Fault fault)
    {
        if (fault == Fault.None)
            return false;
        if (fault == Fault.Once)
            fault = Fault.None;
        return true;
    }
}
