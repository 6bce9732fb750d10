using System.Globalization;
using Confluent.Kafka;
using Millrace.Shared;

namespace Millrace.Integration.Broker;

/// <summary>Writes a record and reads it back, over and over, on connections of its own.</summary>
internal sealed class GoodClient : IAsyncDisposable
{
    private const string Topic = "good";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly IProducer<string, string> _producer;
    private readonly IConsumer<string, string> _consumer;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private int _trips;

    public GoodClient(string bootstrap)
    {
        _producer = new ProducerBuilder<string, string>(new ProducerConfig
        {
            BootstrapServers = bootstrap,
            LingerMs = 0,
            EnableIdempotence = true,
            MessageTimeoutMs = 20_000,
        }).Build();
        _consumer = new ConsumerBuilder<string, string>(new ConsumerConfig
        {
            BootstrapServers = bootstrap,
            GroupId = Topic,
            FetchWaitMaxMs = 100,
            EnableAutoCommit = false,
            AutoOffsetReset = AutoOffsetReset.Error,
        }).Build();
        _running = Task.Run(Run);
    }

    /// <summary>Waits for so many more round trips, which shows that the server serves.</summary>
    public async Task Trips(int count)
    {
        var enough = Volatile.Read(ref _trips) + count;
        await Poll.Until(
            async () =>
            {
                if (_running.IsCompleted)
                    await _running;
                return Volatile.Read(ref _trips) >= enough;
            },
            () => $"{enough - _trips} of {count} round trips are missing");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _producer.Dispose();
        _consumer.Dispose();
        _stop.Dispose();
    }

    private async Task Run()
    {
        for (var i = 0; !_stop.IsCancellationRequested; i++)
        {
            var value = i.ToString(CultureInfo.InvariantCulture);
            var sent = await _producer.ProduceAsync(Topic, new() { Key = "key", Value = value });
            Assert.Equal(i, sent.Offset.Value);
            if (i == 0)
                _consumer.Assign(new TopicPartitionOffset(sent.TopicPartition, 0));
            var received = _consumer.Consume(Patience);
            Assert.Equal(value, received.Message.Value);
            Interlocked.Increment(ref _trips);
        }
    }
}
