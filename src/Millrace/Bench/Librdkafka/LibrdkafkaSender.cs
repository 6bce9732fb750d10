using System.Buffers.Binary;
using System.Diagnostics;
using Confluent.Kafka;
using HdrHistogram;
using Millrace.Bench.Load;
using Millrace.Bench.Reports;
using Millrace.Bench.Wire;

namespace Millrace.Bench.Librdkafka;

/// <summary>Sends single records at due times that nothing moves, through Confluent.Kafka without lingering.</summary>
internal sealed class LibrdkafkaSender : ILoadWorker
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly EndToEndLoad _load;
    private readonly LoadWindow _window;
    private readonly string _topic;
    private readonly IProducer<byte[]?, byte[]> _producer;
    private volatile Error? _failure;
    private volatile int _sent;
    private volatile bool _isDone;

    public LibrdkafkaSender(BrokerAddress bootstrap, string topic, EndToEndLoad load, LoadWindow window)
    {
        _load = load;
        _window = window;
        _topic = topic;
        Counters = new LoadCounters(window);
        _producer = new ProducerBuilder<byte[]?, byte[]>(new ProducerConfig
        {
            BootstrapServers = bootstrap.ToString(),
            Acks = (Acks)load.Acks,
            LingerMs = 0,
            DeliveryReportFields = "none",
        })
            .SetLogHandler((_, _) => { })
            .Build();
    }

    public LoadCounters Counters { get; }

    /// <summary>Nanoseconds from a record's due time to its acknowledgement.</summary>
    public LongHistogram AckLatency { get; } = LatencyReport.NewHistogram();

    /// <summary>Nanoseconds by which this thread itself was late.</summary>
    public LongHistogram Lateness { get; } = LatencyReport.NewHistogram();

    public int Sent => _sent;

    /// <summary><see cref="Sent"/> stays as it is.</summary>
    public bool IsDone => _isDone;

    public void Run()
    {
        try
        {
            var pace = new Pace(Stopwatch.Frequency / _load.PerSecond);
            for (var i = 0; _window.MaySend(pace.Due(i), _load.RecordBytes) && _failure is null; i++)
            {
                pace.Wait(i);
                Send(pace.Due(i));
            }

            _producer.Flush(Patience);
            if (_failure is { } failure)
                throw new BenchException($"A record was not delivered: {failure.Reason}");
        }
        finally
        {
            _isDone = true;
        }
    }

    public void Dispose() => _producer.Dispose();

    private void Send(long due)
    {
        var value = new byte[_load.RecordBytes];
        BinaryPrimitives.WriteInt64BigEndian(value, due);
        var now = Stopwatch.GetTimestamp();
        _producer.Produce(_topic, new Message<byte[]?, byte[]> { Value = value }, report =>
        {
            if (report.Error.IsError)
                _failure = report.Error;
            else if (_window.Counts(due))
                LatencyReport.Record(AckLatency, Stopwatch.GetElapsedTime(due));
        });
        _sent++;
        if (!_window.Counts(due))
            return;
        LatencyReport.Record(Lateness, Stopwatch.GetElapsedTime(due, now));
        Counters.Count(due, sent: 0, records: 1, _load.RecordBytes);
    }
}
