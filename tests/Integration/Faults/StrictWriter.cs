using Confluent.Kafka;
using Millrace.Integration.Broker;

namespace Millrace.Integration.Faults;

/// <summary>
/// Writes numbered records to one partition with acks=all, one after the other and each only once: what is refused is
/// not sent again, so that it hears of every refusal.
/// </summary>
internal sealed class StrictWriter : IDisposable
{
    private readonly IProducer<string, string> _producer;
    private readonly TopicPartition _partition;
    private readonly List<long> _offsets = [];

    public StrictWriter(string bootstrap, TopicPartition partition)
    {
        _partition = partition;
        Key = $"writer {partition.Partition.Value}";
        _producer = new ProducerBuilder<string, string>(new ProducerConfig
        {
            BootstrapServers = bootstrap,
            Acks = Acks.All,
            LingerMs = 0,
            MessageSendMaxRetries = 0,
            MessageTimeoutMs = 30_000,
            ReconnectBackoffMs = 20,
            ReconnectBackoffMaxMs = 200,
        }).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
    }

    /// <summary>That of its records.</summary>
    public string Key { get; }

    /// <summary>Where its records 0, 1, 2, ... are; -1 for those that were refused.</summary>
    public IReadOnlyList<long> Offsets => _offsets;

    /// <summary>
    /// Writes one record, of some kilobytes where <paramref name="padding"/> says so; the error, if it was refused.
    /// </summary>
    public async Task<ErrorCode> Write(int padding = 0)
    {
        var value = new NumberedValue(Key, _partition.Partition.Value, _offsets.Count).ToString();
        var message = new Message<string, string> { Key = Key, Value = value };
        if (padding > 0)
            message.Headers = new() { { "padding", new byte[padding] } };
        try
        {
            _offsets.Add((await _producer.ProduceAsync(_partition, message)).Offset.Value);
            return ErrorCode.NoError;
        }
        catch (ProduceException<string, string> refused)
        {
            _offsets.Add(Tally.Refused);
            return refused.Error.Code;
        }
    }

    /// <summary>Writes until it is refused; the error.</summary>
    public async Task<ErrorCode> WriteUntilRefused(int padding = 0)
    {
        while (true)
        {
            var error = await Write(padding);
            if (error != ErrorCode.NoError)
                return error;
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        }
    }

    public void Dispose() => _producer.Dispose();
}
