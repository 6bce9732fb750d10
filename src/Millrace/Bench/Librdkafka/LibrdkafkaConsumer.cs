using System.Diagnostics;
using Confluent.Kafka;
using Millrace.Bench.Load;
using Millrace.Bench.Wire;

namespace Millrace.Bench.Librdkafka;

/// <summary>
/// A consumer of Confluent.Kafka that reads partitions to their ends, and then again from their starts. Offsets must be
/// without gaps. Bytes are those of keys and values.
/// </summary>
internal sealed class LibrdkafkaConsumer : ILoadWorker
{
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly string _topic;
    private readonly Dictionary<int, (long Start, long End)> _ranges;
    private readonly LoadWindow _window;
    private readonly IConsumer<byte[]?, byte[]?> _consumer;
    private readonly Dictionary<int, long> _next = [];

    public LibrdkafkaConsumer(
        BrokerAddress bootstrap, string topic, Dictionary<int, (long Start, long End)> ranges, FetchOptions options,
        LoadWindow window)
    {
        _topic = topic;
        _ranges = ranges;
        _window = window;
        Counters = new LoadCounters(window);
        _consumer = new ConsumerBuilder<byte[]?, byte[]?>(LibrdkafkaReceiver.Config(bootstrap, options.FetchBytes))
            .SetLogHandler((_, _) => { })
            .Build();
    }

    public LoadCounters Counters { get; }

    public void Run()
    {
        Assign();
        var last = Stopwatch.GetTimestamp();
        while (_window.MaySend(Stopwatch.GetTimestamp(), 0))
        {
            if (_consumer.Consume(Glance) is { } record)
            {
                last = Take(record);
            }
            else if (Stopwatch.GetElapsedTime(last) > Patience)
            {
                throw new BenchException($"Nothing came of {_topic} for {Patience.TotalSeconds:0} s.");
            }
        }
    }

    public void Dispose()
    {
        _consumer.Close();
        _consumer.Dispose();
    }

    private long Take(ConsumeResult<byte[]?, byte[]?> record)
    {
        var partition = record.Partition.Value;
        if (record.Offset.Value != _next[partition])
        {
            throw new BenchException(
                $"{_topic}-{partition} brought {record.Offset.Value} where {_next[partition]} was due.");
        }

        var now = Stopwatch.GetTimestamp();
        Counters.Count(now, sent: 0, records: 1,
            (record.Message.Key?.Length ?? 0) + (record.Message.Value?.Length ?? 0));
        if (++_next[partition] == _ranges[partition].End)
        {
            _next.Remove(partition);
            if (_next.Count == 0)
                Assign();
        }

        return now;
    }

    private void Assign()
    {
        _consumer.Unassign();
        foreach (var (partition, range) in _ranges.Where(range => range.Value.End > range.Value.Start))
            _next[partition] = range.Start;
        if (_next.Count == 0)
            throw new BenchException($"{_topic} has no records to consume.");
        _consumer.Assign(_next.Select(next => new TopicPartitionOffset(_topic, next.Key, next.Value)));
    }
}
