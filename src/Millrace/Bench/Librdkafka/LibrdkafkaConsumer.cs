using System.Diagnostics;
using Confluent.Kafka;
using Millrace.Bench.Load;
using Millrace.Bench.Wire;

namespace Millrace.Bench.Librdkafka;

/// <summary>
/// A consumer of Confluent.Kafka without a group that reads its partitions to their end, and over again. Bytes are
/// those of keys and values.
/// </summary>
internal sealed class LibrdkafkaConsumer : ILoadWorker
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly IConsumer<byte[]?, byte[]> _consumer;
    private readonly LoadWindow _window;

    public LibrdkafkaConsumer(
        BrokerAddress bootstrap, string topic, IEnumerable<int> partitions, FetchOptions options, LoadWindow window)
    {
        _window = window;
        Counters = new LoadCounters(window);
        _consumer = new ConsumerBuilder<byte[]?, byte[]>(new ConsumerConfig
        {
            BootstrapServers = bootstrap.ToString(),
            GroupId = "millrace-bench",
            EnableAutoCommit = false,
            EnablePartitionEof = true,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            FetchMaxBytes = Math.Max(options.FetchBytes, 1 << 20),
            MaxPartitionFetchBytes = options.FetchBytes,
            MessageMaxBytes = Math.Max(options.FetchBytes, 1000),
            QueuedMaxMessagesKbytes = 1 << 17,
            CheckCrcs = options.ChecksCrc,
        })
            .SetLogHandler((_, _) => { })
            .Build();
        _consumer.Assign(partitions.Select(partition => new TopicPartitionOffset(topic, partition, Offset.Beginning)));
    }

    public LoadCounters Counters { get; }

    public void Run()
    {
        while (Stopwatch.GetTimestamp() is var now && _window.MaySend(now, 0))
        {
            ConsumeResult<byte[]?, byte[]>? result;
            try
            {
                result = _consumer.Consume(Patience);
            }
            catch (ConsumeException wrong)
            {
                throw new BenchException($"The consumer failed: {wrong.Error.Reason}", wrong);
            }

            if (result is null)
                throw new BenchException($"Nothing has come for {Patience.TotalSeconds:0} s.");
            if (result.IsPartitionEOF)
                _consumer.Seek(new TopicPartitionOffset(result.TopicPartition, Offset.Beginning));
            else
                Count(result.Message);
        }
    }

    public void Dispose()
    {
        _consumer.Close();
        _consumer.Dispose();
    }

    private void Count(Message<byte[]?, byte[]> message) => Counters.Count(
        Stopwatch.GetTimestamp(), sent: 0, records: 1, (message.Key?.Length ?? 0) + message.Value.Length);
}
