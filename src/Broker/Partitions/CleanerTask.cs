using Millrace.Core.Configs;
using Millrace.Core.Log;
using Millrace.Core.Log.Cleaner;
using Millrace.Core.Model;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Partitions;

/// <summary>
/// Compacts the logs of compacted topics, one after the other, the dirtiest first, on a loop of its own. While none is
/// due it looks for one every log.cleaner.backoff.ms, which reads nothing.
/// </summary>
/// <remarks>
/// <para>Owned by the node. 1. A log that can't be cleaned is told of, left as it is and tried again later; the others
/// go on. 2. The checkpoint says of no log that more of it is clean than is. 3. Disposed when its loop has ended, so
/// that a cleaning under way leaves no files behind.</para>
/// </remarks>
internal sealed class CleanerTask(
    TopicPartitions topics, ILoop loop, BrokerSettings settings, LogCheckpoints checkpoints,
    Action<string> log) : IDisposable
{
    private const long RetryMs = 300_000;

    private readonly OffsetMap _map = new(
        settings.Long("log.cleaner.dedupe.buffer.size"), settings.Double("log.cleaner.io.buffer.load.factor"));
    private readonly Dictionary<TopicPartition, Uuid> _known = [];
    private readonly Dictionary<TopicPartition, Instant> _failed = [];
    private readonly long _backoffMs = settings.Long("log.cleaner.backoff.ms");
    private readonly double _bytesPerMs = settings.Double("log.cleaner.io.max.bytes.per.second") / 1000;
    private Partition? _partition;
    private Cleaning? _cleaning;
    private Instant _begun;
    private double _bytes;

    public void Start()
    {
        if (settings.Boolean("log.cleaner.enable"))
            loop.Schedule(loop.Steady + _backoffMs, Run);
    }

    public void Dispose() => _cleaning?.Dispose();

    private void Run()
    {
        try
        {
            ForgetDeleted();
            if (Dirtiest() is { } next)
            {
                Begin(next);
                return;
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            log($"The cleaner can't look for a log to clean: {failure.Message}");
        }

        _map.Release();
        loop.Schedule(loop.Steady + _backoffMs, Run);
    }

    private Partition? Dirtiest()
    {
        Partition? dirtiest = null;
        double ratio = -1;
        foreach (var partition in topics.Topics.SelectMany(topic => topic.Partitions))
        {
            if (!partition.Log.Settings.Compact || partition.Log.IsOffline
                || (_failed.TryGetValue(partition.Id, out var retry) && loop.Steady < retry))
                continue;
            var candidate = Guarded(partition, () => ToClean(partition));
            if (candidate is { IsDue: true } && candidate.Ratio > ratio)
                (dirtiest, ratio) = (partition, candidate.Ratio);
        }

        return dirtiest;
    }

    private void Begin(Partition partition)
    {
        if (partition.Log.Settings.Delete)
            partition.ApplyRetention(loop.Now);
        _known[partition.Id] = partition.TopicId;
        var target = ToClean(partition);
        if (!target.IsDue)
        {
            loop.Post(Run);
            return;
        }

        _partition = partition;
        _cleaning = new Cleaning(target, _map, partition.Gate, loop.Now)
        {
            BeforeGaps = below =>
            {
                checkpoints.NoteGaps(partition.Log, below);
                checkpoints.Write();
            },
        };
        _begun = loop.Steady;
        _bytes = 0;
        loop.Post(Step);
    }

    private LogToClean ToClean(Partition partition) =>
        LogToClean.Of(partition.Log, checkpoints.CleanedTo(partition.Id), partition.LastStableOffset, loop.Now);

    /// <summary>About a megabyte; the next follows when the allowed rate has caught up.</summary>
    private void Step()
    {
        if (Guarded(_partition!, () => (object?)_cleaning!.Step()) is long bytes)
        {
            _bytes += bytes;
            var next = _begun + (long)Math.Min(_bytes / _bytesPerMs, long.MaxValue / 2);
            if (next <= loop.Steady)
                loop.Post(Step);
            else
                loop.Schedule(next, Step);
            return;
        }

        _cleaning!.Dispose();
        topics.Unsettled.Add(_partition!);
        Note(_partition!, _cleaning);
        loop.Post(Run);
    }

    private void Note(Partition partition, Cleaning cleaning)
    {
        try
        {
            if (_failed.ContainsKey(partition.Id))
                return;
            checkpoints.NoteCleaned(partition.Id, cleaning.End);
            checkpoints.Write();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            log($"{OffsetCheckpoint.Cleaner} can't be written: {failure.Message}");
        }
    }

    /// <summary>Null where it fails, which is told and keeps the log from being cleaned for a while.</summary>
    private T? Guarded<T>(Partition partition, Func<T?> work)
        where T : class
    {
        try
        {
            var result = work();
            _failed.Remove(partition.Id);
            return result;
        }
        catch (CleaningAbandonedException)
        {
            _failed[partition.Id] = loop.Steady + _backoffMs;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            if (!partition.Log.IsOffline)
                log($"{partition.Id} can't be compacted and stays as it is: {failure.Message.TrimEnd('.')}.");
            _failed[partition.Id] = loop.Steady + RetryMs;
        }

        return null;
    }

    /// <summary>What was clean of a deleted topic says nothing of another one with its name.</summary>
    private void ForgetDeleted()
    {
        foreach (var id in checkpoints.Cleaned.Concat(_known.Keys).Distinct().ToList())
        {
            var hosted = topics.Find(id.Topic, id.Partition);
            if (hosted is not null && _known.TryAdd(id, hosted.TopicId))
                continue;
            if (hosted is not null && hosted.TopicId == _known[id])
                continue;
            checkpoints.NoteCleaned(id, Offset.None);
            _known.Remove(id);
            _failed.Remove(id);
        }

        checkpoints.Write();
    }
}
