using Millrace.Broker.Cluster;
using Millrace.Core.Log;

namespace Millrace.Broker.Partitions;

/// <summary>
/// Maintains every partition now and then, and notes where the logs stand. On a loop of its own: it waits for the disk.
/// </summary>
internal sealed class CheckpointTask(
    TopicPartitions topics, IMetadataLog metadataLog, LogCheckpoints checkpoints, ILoop loop, Action<string> log)
{
    private const long IntervalMs = 1000;
    private const string Problem = "The checkpoint files can't be written";

    private bool _isDiskFull;

    public void Start() => loop.Schedule(loop.Steady + IntervalMs, Run);

    /// <summary>Without it a start after a crash reads more than it must: a failure is told, no more.</summary>
    public void Save() => Guarded(Write, Problem);

    /// <summary>
    /// Makes durable where logs start, then goes on: with null, or with what the disk says against it. From any thread.
    /// </summary>
    public void Save(Action<string?> then) => loop.Post(() =>
    {
        string? failure = null;
        try
        {
            Write();
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
            Save(); // first, for files go only when the log's new start is on stable storage
            foreach (var partition in topics.Topics.SelectMany(topic => topic.Partitions))
            {
                Guarded(
                    () => partition.Maintain(loop.Steady, _isDiskFull),
                    $"{partition.Id} can't be brought to its checkpoint");
            }
        }
        finally
        {
            Start();
        }
    }

    private void Write()
    {
        foreach (var partition in topics.Topics.SelectMany(topic => topic.Partitions))
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

    private void Guarded(Action work, string problem)
    {
        try
        {
            work();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            log($"{problem}: {failure.Message}");
        }
    }
}
