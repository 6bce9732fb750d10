using System.Globalization;
using System.Text;
using Millrace.Core.Model;

namespace Millrace.Core.Log;

/// <summary>
/// Up to where each log of a data directory is on stable storage (recovery-point-offset-checkpoint): after an unclean
/// stop only what lies behind is read again, and only that may be cut. Owned by the node, used on its background loop.
/// 1. The file never says more than was flushed. 2. A log that is not open keeps its entry until the topic is deleted.
/// 3. Logs with nothing flushed have no line, so that a new topic costs no write.
/// </summary>
internal sealed class RecoveryPoints
{
    public const string Path = "recovery-point-offset-checkpoint";

    private readonly IDisk _disk;
    private readonly Dictionary<TopicPartition, Offset> _points = [];
    private string _written;

    /// <exception cref="IOException">The file is there and can't be read.</exception>
    public RecoveryPoints(IDisk disk)
    {
        _disk = disk;
        if (disk.Exists(Path))
            Parse(DiskFiles.ReadLines(disk, Path));
        _written = Text();
    }

    public Offset Of(TopicPartition partition) => _points.GetValueOrDefault(partition, Offset.Zero);

    /// <summary>Writes the points of these logs, and the others as they were; nothing if all is as written.</summary>
    /// <exception cref="IOException">The old file is still in force.</exception>
    public void Save(IEnumerable<PartitionLog> logs)
    {
        foreach (PartitionLog log in logs)
            Set(log.Partition, log.FlushedOffset);
        Write();
    }

    /// <summary>The logs are deleted: one that begins again under the name must not be trusted.</summary>
    /// <exception cref="IOException">The old file is still in force.</exception>
    public void Forget(IEnumerable<TopicPartition> partitions)
    {
        foreach (TopicPartition partition in partitions)
            _points.Remove(partition);
        Write();
    }

    private void Set(TopicPartition partition, Offset point)
    {
        if (point > Offset.Zero)
            _points[partition] = point;
        else
            _points.Remove(partition);
    }

    private void Write()
    {
        string text = Text();
        if (text == _written)
            return;
        DiskFiles.WriteAtomically(_disk, Path, text);
        _written = text;
    }

    private string Text()
    {
        var text = new StringBuilder("0\n").Append(_points.Count).Append('\n');
        foreach ((TopicPartition partition, Offset point) in _points.OrderBy(
            pair => pair.Key.Topic, StringComparer.Ordinal).ThenBy(pair => pair.Key.Partition))
            text.Append(partition.Topic).Append(' ').Append(partition.Partition).Append(' ').Append(point).Append('\n');
        return text.ToString();
    }

    /// <remarks>A damaged file counts as none: then all is read again.</remarks>
    private void Parse(string[] lines)
    {
        foreach (string line in lines.Skip(2))
        {
            string[] parts = line.Split(' ');
            if (parts.Length != 3
                || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int partition)
                || !long.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out long offset))
            {
                _points.Clear();
                return;
            }

            Set(new TopicPartition(parts[0], partition), new Offset(offset));
        }

        if (lines.Length < 2 || lines[1] != _points.Count.ToString(CultureInfo.InvariantCulture))
            _points.Clear();
    }
}
