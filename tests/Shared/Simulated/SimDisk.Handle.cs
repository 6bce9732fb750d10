using Millrace.Core.Log;

namespace Millrace.Shared.Simulated;

internal sealed partial class SimDisk
{
    private sealed class Handle : IDiskFile
    {
        private readonly SimDisk _disk;
        private readonly SimFile _file;
        private string _path;
        private bool _isClosed;

        public Handle(SimDisk disk, SimFile file, string path)
        {
            (_disk, _file, _path) = (disk, file, path);
            file.Handles++;
        }

        public long Length
        {
            get
            {
                ThrowIfClosed();
                return _file.Length;
            }
        }

        public int Read(long position, Span<byte> destination)
        {
            ThrowIfClosed();
            _disk.Before?.Invoke(DiskCall.Read, _path);
            if (_disk.FailReads)
                throw new IOException("The sector cannot be read.");
            ReadOnlySpan<byte> source = _file.Content[(int)Math.Min(position, _file.Length)..];
            int count = Math.Min(source.Length, destination.Length);
            source[..count].CopyTo(destination);
            return count;
        }

        public void Write(long position, ReadOnlySpan<byte> source)
        {
            ThrowIfClosed();
            _disk.Before?.Invoke(DiskCall.Write, _path);
            if (_disk.FailWrites)
                throw new IOException("The device does not answer.");
            if (_disk.IsFull)
                throw new DiskFullException("No space left on the device.");
            long room = _disk.Capacity - _disk._used + _file.Allocated - position;
            if (room < source.Length && position + source.Length > _file.Allocated)
            {
                WriteWhole(position, source[..(int)Math.Clamp(room, 0, source.Length)]);
                throw new DiskFullException("No space left on the device.");
            }

            WriteWhole(position, source);
        }

        public void Flush()
        {
            ThrowIfClosed();
            try
            {
                _disk.Before?.Invoke(DiskCall.Flush, _path);
                if (_disk.FailFlushes)
                    throw new IOException("The disk refused.");
            }
            catch (IOException)
            {
                _file.TakePending();
                throw;
            }

            _disk.Flushes++;
            List<PendingWrite> writes = _file.TakePending();
            _disk.DuringFlush?.Invoke(_path);
            _file.Settle(writes);
        }

        public void Truncate(long length)
        {
            ThrowIfClosed();
            _disk.Before?.Invoke(DiskCall.Truncate, _path);
            Grow(() => _file.Truncate(length));
        }

        public void Reserve(long length)
        {
            ThrowIfClosed();
            if (_disk.IsFull || _disk._used + Math.Max(length - _file.Allocated, 0) > _disk.Capacity)
                throw new DiskFullException("No space left on the device.");
            Grow(() => _file.Reserved = Math.Max(_file.Reserved, length));
        }

        public void MoveTo(string path)
        {
            ThrowIfClosed();
            _disk.Rename(_path, path);
            _path = path;
        }

        public void Dispose()
        {
            if (_isClosed)
                return;
            _isClosed = true;
            _disk.OpenFiles--;
            if (--_file.Handles == 0 && !_file.IsLinked)
                _disk._used -= _file.Allocated;
        }

        private void WriteWhole(long position, ReadOnlySpan<byte> source)
        {
            if (source.Length == 0)
                return;
            long before = _file.Allocated;
            _file.Write(position, source);
            _disk._used += _file.Allocated - before;
        }

        private void Grow(Action change)
        {
            long before = _file.Allocated;
            change();
            _disk._used += _file.Allocated - before;
        }

        private void ThrowIfClosed()
        {
            if (_isClosed)
                throw new FileClosedException("The file is closed.");
        }
    }
}
