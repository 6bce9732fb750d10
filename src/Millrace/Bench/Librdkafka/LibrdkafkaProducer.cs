using System.Diagnostics;
using Confluent.Kafka;
using Millrace.Bench.Load;
using Millrace.Bench.Wire;

namespace Millrace.Bench.Librdkafka;

/// <summary>
/// A producer of Confluent.Kafka that is fed as fast as it takes records. Its own thread counts deliveries; every 64th
/// record tells its latency, which holds the time in the client's queue. Bytes are those of keys and values.
/// </summary>
internal sealed class LibrdkafkaProducer : ILoadWorker
{
    private const int SampledEach = 64;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FullPause = TimeSpan.FromMilliseconds(10);

    private readonly IProducer<byte[]?, byte[]> _producer;
    private readonly string _topic;
    private readonly LoadWindow _window;
    private readonly BatchSpec _spec;
    private readonly Action<DeliveryReport<byte[]?, byte[]>> _delivered;
    private Error? _failure;

    public LibrdkafkaProducer(BrokerAddress bootstrap, string topic, ProduceOptions options, LoadWindow window)
    {
        _topic = topic;
        _window = window;
        _spec = options.Batch;
        Counters = new LoadCounters(window);
        _delivered = report => Delivered(report, sent: 0);
        _producer = new ProducerBuilder<byte[]?, byte[]>(new ProducerConfig
        {
            BootstrapServers = bootstrap.ToString(),
            Acks = (Acks)options.Acks,
            BatchSize = Math.Max(_spec.BatchBytes, 1024),
            BatchNumMessages = 1_000_000,
            LingerMs = 5,
            MaxInFlight = options.InFlight,
            CompressionType = (CompressionType)_spec.Codec,
            EnableIdempotence = options.IsIdempotent,
            DeliveryReportFields = "none",
            QueueBufferingMaxMessages = 1_000_000,
        })
            .SetLogHandler((_, _) => { })
            .SetErrorHandler((_, error) => _failure ??= error.IsFatal ? error : null)
            .Build();
    }

    public LoadCounters Counters { get; }

    public void Run()
    {
        var random = new Random(1);
        var value = new byte[_spec.ValueBytes];
        for (var i = 0; i < value.Length; i++)
            value[i] = (byte)random.Next(' ', '`');
        var message = new Message<byte[]?, byte[]> { Value = value };
        for (var i = 0L; _window.MaySend(Stopwatch.GetTimestamp(), _spec.RecordBytes) && _failure is null; i++)
        {
            if (_spec.IsKeyed)
                message.Key = BitConverter.GetBytes(i);
            Produce(message, i % SampledEach == 0 ? Sampled(Stopwatch.GetTimestamp()) : _delivered);
        }

        _producer.Flush(Patience);
        if (_failure is not null)
            throw new BenchException($"A record was not delivered: {_failure.Reason}");
    }

    public void Dispose() => _producer.Dispose();

    private Action<DeliveryReport<byte[]?, byte[]>> Sampled(long sent) => report => Delivered(report, sent);

    private void Delivered(DeliveryReport<byte[]?, byte[]> report, long sent)
    {
        if (report.Error.IsError)
            _failure ??= report.Error;
        else
            Counters.Count(Stopwatch.GetTimestamp(), sent, records: 1, _spec.RecordBytes);
    }

    private void Produce(Message<byte[]?, byte[]> message, Action<DeliveryReport<byte[]?, byte[]>> delivered)
    {
        while (true)
        {
            try
            {
                _producer.Produce(_topic, message, delivered);
                return;
            }
            catch (ProduceException<byte[]?, byte[]> full) when (full.Error.Code == ErrorCode.Local_QueueFull)
            {
                Thread.Sleep(FullPause);
            }
        }
    }
}
