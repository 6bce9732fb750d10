using Confluent.Kafka;
using Millrace.Shared;

namespace Millrace.Integration.Broker;

/// <summary>
/// An idempotent producer with acks=all that writes records 0, 1, 2, ... to each partition until it is told to finish,
/// and remembers the offsets that the broker told. A record that is not acknowledged fails it.
/// </summary>
internal sealed class CountingProducer : IDisposable
{
    private const int MostInFlight = 200;

    private readonly IProducer<string, string> _producer;
    private readonly string _topic;
    private readonly List<long>[] _offsets;
    private readonly SemaphoreSlim _room = new(MostInFlight);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private int _produced;
    private int _acknowledged;
    private Exception? _failure;

    public CountingProducer(string bootstrap, string topic, int partitions, int number)
    {
        Key = $"producer {number}";
        _topic = topic;
        _offsets = [.. Enumerable.Range(0, partitions).Select(_ => new List<long>())];
        _producer = new ProducerBuilder<string, string>(new ProducerConfig
        {
            BootstrapServers = bootstrap,
            EnableIdempotence = true,
            Acks = Acks.All,
            LingerMs = 1,
            MessageTimeoutMs = 120_000,
            ReconnectBackoffMs = 20,
            ReconnectBackoffMaxMs = 200,
            RetryBackoffMs = 20,
        }).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        _running = Task.Run(Run);
    }

    public string Key { get; }

    public int Acknowledged => _failure is null ? Volatile.Read(ref _acknowledged) : throw _failure;

    /// <summary>Offsets of its records 0, 1, 2, ... in a partition; to be read after <see cref="Finish"/>.</summary>
    public IReadOnlyList<long> Offsets(int partition) => _offsets[partition];

    /// <summary>Stops writing and waits until everything is acknowledged.</summary>
    public async Task Finish()
    {
        await _stop.CancelAsync();
        await _running;

        // Not by the client's Flush, which would call Delivered beside the client's own thread.
        await Poll.Until(() => Acknowledged >= _produced, () => $"{this} of {_produced}");
        Assert.Null(_failure);
    }

    public override string ToString() => $"{Key}: {_acknowledged} acknowledged";

    public void Dispose()
    {
        _stop.Cancel();
        _running.Wait();
        _producer.Dispose();
        _stop.Dispose();
        _room.Dispose();
    }

    private async Task Run()
    {
        for (var i = 0; !_stop.IsCancellationRequested; i++)
        {
            try
            {
                await _room.WaitAsync(_stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            var partition = i % _offsets.Length;
            var value = new NumberedValue(Key, partition, i / _offsets.Length);
            _producer.Produce(
                new TopicPartition(_topic, partition), new() { Key = Key, Value = value.ToString() }, Delivered);
            _produced++;
        }
    }

    /// <summary>Called by the client's one thread for that, in the order of the acknowledgements.</summary>
    private void Delivered(DeliveryReport<string, string> report)
    {
        var offsets = _offsets[report.Partition.Value];
        if (report.Error.IsError)
        {
            _failure ??= new InvalidOperationException(
                $"{Key} in {report.TopicPartition}: {report.Value}, {offsets.Count} being the next: {report.Error}");
            return;
        }

        if (report.Value != new NumberedValue(Key, report.Partition.Value, offsets.Count).ToString())
            _failure ??= new InvalidOperationException($"{Key}: {report.Value} acknowledged before {offsets.Count}");
        offsets.Add(report.Offset.Value);
        Interlocked.Increment(ref _acknowledged);
        _room.Release();
    }
}
