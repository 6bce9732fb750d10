using System.Buffers.Binary;
using System.Diagnostics;
using Confluent.Kafka;
using HdrHistogram;
using Millrace.Bench.Load;
using Millrace.Bench.Reports;
using Millrace.Bench.Wire;

namespace Millrace.Bench.Librdkafka;

/// <summary>Consumes what a <see cref="LibrdkafkaSender"/> sends and compares each record's due time with the clock.
/// </summary>
internal sealed class LibrdkafkaReceiver : ILoadWorker
{
    private const int FetchBytes = 1 << 20;
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly LibrdkafkaSender _sender;
    private readonly LoadWindow _window;
    private readonly IConsumer<byte[]?, byte[]?> _consumer;

    public LibrdkafkaReceiver(
        BrokerAddress bootstrap, string topic, long start, LibrdkafkaSender sender, LoadWindow window)
    {
        _sender = sender;
        _window = window;
        Counters = new LoadCounters(window);
        _consumer = new ConsumerBuilder<byte[]?, byte[]?>(Config(bootstrap, FetchBytes))
            .SetLogHandler((_, _) => { })
            .Build();
        _consumer.Assign(new TopicPartitionOffset(topic, 0, start));
    }

    public LoadCounters Counters { get; }

    /// <summary>Nanoseconds from a record's due time to its arrival.</summary>
    public LongHistogram Latency { get; } = LatencyReport.NewHistogram();

    /// <summary>A consumer that is told what to read and commits nothing.</summary>
    public static ConsumerConfig Config(BrokerAddress bootstrap, int fetchBytes) => new()
    {
        BootstrapServers = bootstrap.ToString(),
        GroupId = "millrace-bench",
        EnableAutoCommit = false,
        EnableAutoOffsetStore = false,
        AutoOffsetReset = AutoOffsetReset.Error,
        ConsumeResultFields = "none",
        MaxPartitionFetchBytes = fetchBytes,
        FetchQueueBackoffMs = 1,
    };

    public void Run()
    {
        var last = Stopwatch.GetTimestamp();
        for (var received = 0; !_window.IsAborted && !(_sender.IsDone && received == _sender.Sent);)
        {
            if (_consumer.Consume(Glance) is { } record)
            {
                last = Stopwatch.GetTimestamp();
                received++;
                var due = BinaryPrimitives.ReadInt64BigEndian(record.Message.Value);
                if (_window.Counts(due))
                    LatencyReport.Record(Latency, Stopwatch.GetElapsedTime(due, last));
            }
            else if (Stopwatch.GetElapsedTime(last) > Patience)
            {
                throw new BenchException($"{received} of {_sender.Sent} records have come.");
            }
        }
    }

    public void Dispose()
    {
        _consumer.Close();
        _consumer.Dispose();
    }
}
