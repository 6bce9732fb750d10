using System.Diagnostics;
using System.Text.Json;
using Confluent.Kafka;

namespace Millrace.Demo.Services;

/// <summary>
/// A service's process: an ordinary Kafka consumer in a group of its own. Saves its copy a few times a second and only
/// then stores the offsets that Kafka's client commits: what a crash comes between is delivered again, not lost.
/// </summary>
internal sealed class ChangeConsumer : IDisposable
{
    private const int MostRecordsBetweenSaves = 5000;
    private static readonly TimeSpan SaveInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ReportInterval = TimeSpan.FromMilliseconds(200);

    private readonly Copy _copy;
    private readonly IConsumer<byte[]?, byte[]?> _consumer;
    private readonly Dictionary<TopicPartition, Offset> _passed = [];
    private readonly LatencyHistogram _latencies = new();
    private readonly Stopwatch _sinceSave = Stopwatch.StartNew();
    private readonly Stopwatch _sinceReport = Stopwatch.StartNew();
    private long _unsaved;
    private long _newestCommit;

    public ChangeConsumer(string name, string bootstrap, string topicPrefix, string directory)
    {
        Directory.CreateDirectory(directory);
        _copy = Copy.Open(ServiceNames.View(name), directory);
        _consumer = new ConsumerBuilder<byte[]?, byte[]?>(new ConsumerConfig
        {
            BootstrapServers = bootstrap,
            GroupId = name,
            GroupInstanceId = $"{name}-1",
            AutoOffsetReset = AutoOffsetReset.Earliest,
            EnableAutoOffsetStore = false,
            AutoCommitIntervalMs = 200,
            SessionTimeoutMs = 10_000,
            FetchWaitMaxMs = 100,
            ReconnectBackoffMs = 50,
            ReconnectBackoffMaxMs = 500,
            TopicMetadataRefreshIntervalMs = 1000,
        })
            .SetLogHandler((_, log) => Console.Error.WriteLine($"{log.Facility} {log.Message}"))
            .SetErrorHandler((_, error) => Console.Error.WriteLine(error))
            .Build();
        _consumer.Subscribe(_copy.View.Tables.Select(table => $"{topicPrefix}.public.{table}"));
    }

    /// <summary>Consumes until told to stop; then what it has is saved and its offsets are committed.</summary>
    public void Run(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            if (Next() is { } record)
                Take(record);
            if (_unsaved >= MostRecordsBetweenSaves || _sinceSave.Elapsed >= SaveInterval)
                Save();
            if (_sinceReport.Elapsed >= ReportInterval)
                Report();
        }

        Save();
        Report();
    }

    public void Dispose()
    {
        _consumer.Close();
        _consumer.Dispose();
        _copy.Dispose();
    }

    private ConsumeResult<byte[]?, byte[]?>? Next()
    {
        try
        {
            return _consumer.Consume(TimeSpan.FromMilliseconds(20));
        }
        catch (ConsumeException failure)
        {
            Console.Error.WriteLine(failure.Error);
            return null;
        }
    }

    private void Take(ConsumeResult<byte[]?, byte[]?> record)
    {
        var partition = Name(record.TopicPartition);
        if (RowChange.Read(record) is { } change && _copy.Apply(change, partition, record.Offset))
        {
            _newestCommit = Math.Max(_newestCommit, change.CommitMicros);
            if (change.Operation != 'r')
                _latencies.Record(NowMicros() - change.CommitMicros);
        }

        _copy.Passed(partition, record.Offset + 1);
        _passed[record.TopicPartition] = record.Offset + 1;
        _unsaved++;
    }

    private void Save()
    {
        _sinceSave.Restart();
        _unsaved = 0;
        _copy.Save();
        foreach (var (partition, offset) in _passed)
        {
            try
            {
                _consumer.StoreOffset(new TopicPartitionOffset(partition, offset));
            }
            catch (KafkaException)
            {
                // The partition was taken away: whoever has it now begins at the committed offset.
            }
        }

        _passed.Clear();
    }

    private void Report()
    {
        _sinceReport.Restart();
        var assignment = _consumer.Assignment;
        var totals = _copy.Totals;
        // The copy's offsets, not the client's: that has none for a partition from which nothing came since a restart.
        var lag = assignment.Sum(partition => Math.Max(0, _consumer.GetWatermarkOffsets(partition).High.Value
            - totals.Offsets.GetValueOrDefault(Name(partition))));
        Console.WriteLine(JsonSerializer.Serialize(new ConsumerReport(totals.Applied, totals.Reread, totals.Repeated,
            totals.Gaps, totals.Offsets.Values.Sum(), lag, assignment.Count, _newestCommit, _latencies.Take())));
    }

    private static string Name(TopicPartition partition) => $"{partition.Topic}-{partition.Partition.Value}";

    private static long NowMicros() => (DateTime.UtcNow - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
}
