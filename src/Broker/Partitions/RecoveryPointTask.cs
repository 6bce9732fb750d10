using Millrace.Core.Log;

namespace Millrace.Broker.Partitions;

/// <summary>Notes now and then up to where the logs are flushed, on the background loop.</summary>
internal sealed class RecoveryPointTask(
    TopicPartitions topics, RecoveryPoints points, ILoop loop, Action<string> log)
{
    private const long IntervalMs = 10_000;

    public void Start() => loop.Schedule(loop.Steady + IntervalMs, Run);

    /// <summary>Without it a start after a crash reads more than it must: a failure is told, no more.</summary>
    public void Save()
    {
        try
        {
            points.Save(topics.Topics.SelectMany(topic => topic.Partitions).Select(partition => partition.Log));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            log($"{RecoveryPoints.Path} can't be written: {failure.Message}");
        }
    }

    private void Run()
    {
        try
        {
            Save();
        }
        finally
        {
            Start();
        }
    }
}
