using System.Buffers.Binary;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol.Records;

namespace Millrace.Broker.Cluster;

/// <summary>
/// Tells a torn end of the metadata log, which a crash leaves and recovery cuts, from damage before sound records: each
/// append was on stable storage before the next, so what stands before a sound batch was decided and must not be lost.
/// </summary>
internal static class MetadataLogCheck
{
    private const int MagicAt = 16;
    private const int LengthAt = 8;

    /// <summary>Where the sound records end; 0 if there are none.</summary>
    /// <exception cref="IOException">Sound records stand behind damage.</exception>
    public static Offset SoundEnd(IDisk disk)
    {
        var files = disk.List(LocalMetadataLog.Folder).Where(name => name.EndsWith(".log", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal).Select(name => $"{LocalMetadataLog.Folder}/{name}").ToList();
        var next = 0L;
        foreach (var file in files)
        {
            var bytes = DiskFiles.ReadAll(disk, file);
            var sound = SoundBytes(bytes, ref next);
            if (sound < bytes.Length && (file != files[^1] || HasSoundBatch(bytes.AsSpan(sound), next)))
            {
                throw new IOException(
                    $"{file} is damaged at position {sound}, offset {next}, and sound records stand behind that: they "
                    + $"would be lost. Restore {LocalMetadataLog.Folder} from a copy.");
            }
        }

        return new Offset(next);
    }

    private static int SoundBytes(ReadOnlySpan<byte> bytes, ref long next)
    {
        var sound = 0;
        foreach (var batch in RecordBatch.Enumerate(bytes))
        {
            if (!batch.IsCrcValid || batch.BaseOffset < next)
                break;
            sound += batch.SizeInBytes;
            next = batch.LastOffset + 1;
        }

        return sound;
    }

    private static bool HasSoundBatch(ReadOnlySpan<byte> bytes, long next)
    {
        for (var at = 0; at <= bytes.Length - RecordBatch.HeaderSize; at++)
        {
            var rest = bytes[at..];
            if (rest[MagicAt] == 2 && BinaryPrimitives.ReadInt64BigEndian(rest) >= next
                && BinaryPrimitives.ReadInt32BigEndian(rest[LengthAt..]) is var length
                && length >= RecordBatch.HeaderSize - RecordBatch.Overhead
                && length <= rest.Length - RecordBatch.Overhead
                && RecordBatch.TryRead(rest, out var batch) == RecordBatchError.None && batch.IsCrcValid)
                return true;
        }

        return false;
    }
}
