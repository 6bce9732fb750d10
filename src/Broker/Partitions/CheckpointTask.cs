using Millrace.Broker.Cluster;
using Millrace.Core.Log;

namespace Millrace.Broker.Partitions;

/// <summary>
/// Maintains the partitions that have changed, every second, and notes where their logs stand. On a loop of its own: it
/// waits for the disk. 1. A partition is let go once its log was noted after it had settled.
/// </summary>
internal sealed class CheckpointTask(
    TopicPartitions topics, IMetadataLog metadataLog, LogCheckpoints checkpoints, ILoop loop, Action<string> log)
{
    private const long IntervalMs = 1000;

    private readonly RepeatedWork _work = new(log);
    private readonly Dictionary<Partition, bool> _unsettled = []; // true: had settled before the last note
    private bool _isDiskFull;

    public void Start() => loop.Schedule(loop.Steady + IntervalMs, Run);

    /// <summary>
    /// Notes every log, when none is in use yet or any more. Without it a start after a crash reads more than it must:
    /// a failure is told, no more.
    /// </summary>
    public void Save() =>
        TryWrite(() => topics.Topics.SelectMany(topic => topic.Partitions));

    /// <summary>
    /// Makes durable where logs start, then goes on: with null, or with what the disk says against it. From any thread.
    /// </summary>
    public void Save(Action<string?> then) => loop.Post(() =>
    {
        string? failure = null;
        try
        {
            Write(Changed());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            failure = e.Message;
        }

        then(failure);
    });

    private void Run()
    {
        try
        {
            // First, for files go only when the log's new start is on stable storage.
            TryWrite(Changed);
            foreach (var (partition, hadSettled) in _unsettled.ToArray())
            {
                _work.Try(
                    () => Maintain(partition, hadSettled), partition.Id.ToString(),
                    "can't be brought to its checkpoint", "is brought to its checkpoint again");
            }
        }
        finally
        {
            Start();
        }
    }

    private void Maintain(Partition partition, bool hadSettled)
    {
        if (!partition.Maintain(loop.Steady, _isDiskFull))
            _unsettled[partition] = false;
        else if (!hadSettled)
            _unsettled[partition] = true;
        else
            _unsettled.Remove(partition);
    }

    private ICollection<Partition> Changed()
    {
        while (topics.Unsettled.Take() is { } partition)
            _unsettled[partition] = false;
        foreach (var partition in _unsettled.Keys.Where(it => topics.Find(it.Id.Topic, it.Id.Partition) != it).ToList())
            _unsettled.Remove(partition);
        return _unsettled.Keys;
    }

    private void Write(IEnumerable<Partition> partitions)
    {
        foreach (var partition in partitions)
            checkpoints.Note(partition.Log, partition.HighWatermark);
        checkpoints.NoteRecoveryPoint(LocalMetadataLog.Partition, metadataLog.FlushedOffset);
        try
        {
            checkpoints.Write();
            _isDiskFull = false;
        }
        catch (DiskFullException)
        {
            _isDiskFull = true;
            throw;
        }
    }

    private void TryWrite(Func<IEnumerable<Partition>> partitions) => _work.Try(
        () => Write(partitions()), "The checkpoint files", "can't be written", "are written again");
}
