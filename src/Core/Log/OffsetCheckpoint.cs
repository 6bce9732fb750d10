using System.Globalization;
using System.Text;
using Millrace.Core.Model;

namespace Millrace.Core.Log;

/// <summary>
/// One offset for each of many partitions, in a text file of the data directory, as Kafka lays it out: "0", the count,
/// then "topic partition offset". Its owner alone uses it, on one thread at a time.
/// 1. The file holds what the last <see cref="Write"/> that succeeded found, whole.
/// </summary>
internal sealed class OffsetCheckpoint
{
    public const string LogStart = "log-start-offset-checkpoint";
    public const string HighWatermark = "replication-offset-checkpoint";
    public const string Cleaner = "cleaner-offset-checkpoint";
    public const string Gaps = "gaps-offset-checkpoint";

    private readonly IDisk _disk;
    private readonly string _path;
    private readonly Dictionary<TopicPartition, Offset> _offsets = [];
    private bool _isChanged;

    /// <remarks>A damaged file counts as none.</remarks>
    /// <exception cref="IOException">The file is there and can't be read.</exception>
    public OffsetCheckpoint(IDisk disk, string path)
    {
        _disk = disk;
        _path = path;
        IsMissing = !disk.Exists(path);
        IsDamaged = !IsMissing && !TryParse(DiskFiles.ReadLines(disk, path));
        if (IsDamaged)
            _offsets.Clear();
    }

    /// <summary>There was no file.</summary>
    public bool IsMissing { get; }

    /// <summary>There was a file, and it could not be read.</summary>
    public bool IsDamaged { get; }

    /// <summary>Those that have a line.</summary>
    public IReadOnlyCollection<TopicPartition> Partitions => _offsets.Keys;

    /// <summary>None where there is no line.</summary>
    public Offset Of(TopicPartition partition) => _offsets.GetValueOrDefault(partition, Offset.None);

    /// <summary>None takes the line away.</summary>
    public void Set(TopicPartition partition, Offset offset)
    {
        if (Of(partition) == offset)
            return;
        _isChanged = true;
        if (offset == Offset.None)
            _offsets.Remove(partition);
        else
            _offsets[partition] = offset;
    }

    /// <summary>The next <see cref="Write"/> makes a file, be there anything to say or not.</summary>
    public void WriteAnyway() => _isChanged = true;

    /// <summary>Makes the offsets durable; nothing if none has changed.</summary>
    /// <exception cref="IOException">The old file is still in force.</exception>
    public void Write()
    {
        if (!_isChanged)
            return;
        var text = new StringBuilder("0\n").Append(_offsets.Count).Append('\n');
        foreach (((string topic, int partition), Offset offset) in _offsets.OrderBy(
            pair => pair.Key.Topic, StringComparer.Ordinal).ThenBy(pair => pair.Key.Partition))
            text.Append(topic).Append(' ').Append(partition).Append(' ').Append(offset).Append('\n');
        DiskFiles.WriteAtomically(_disk, _path, text.ToString());
        _isChanged = false;
    }

    private bool TryParse(string[] lines)
    {
        foreach (string line in lines.Skip(2))
        {
            string[] parts = line.Split(' ');
            if (parts.Length != 3
                || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int partition)
                || !long.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out long offset))
                return false;
            _offsets[new TopicPartition(parts[0], partition)] = new Offset(offset);
        }

        return lines.Length >= 2 && lines[1] == _offsets.Count.ToString(CultureInfo.InvariantCulture);
    }
}
