using System.Globalization;
using Confluent.Kafka;

namespace Millrace.Integration.Broker;

/// <summary>
/// Reads one topic, writes each record to another and commits its position, all in transactions: what a stream
/// processor with exactly-once semantics does. After an error that ends a producer it begins again with a new one,
/// under the same transactional id.
/// </summary>
internal sealed class ExactlyOnceCopy : IDisposable
{
    private const string Group = "copy";

    /// <summary>
    /// librdkafka 2.16 that drops the only broker it knows, while that is away, never finds it again for transactions,
    /// and can't be ended either.
    /// </summary>
    private const MetadataRecoveryStrategy NoRebootstrap = MetadataRecoveryStrategy.None;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _bootstrap;
    private readonly string _input;
    private readonly string _output;
    private readonly int _perTransaction;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private int _committed;

    public ExactlyOnceCopy(string bootstrap, string input, string output, int perTransaction)
    {
        (_bootstrap, _input, _output, _perTransaction) = (bootstrap, input, output, perTransaction);
        _running = Task.Factory.StartNew(Run, TaskCreationOptions.LongRunning);
    }

    /// <summary>Transactions that this copier knows to be committed.</summary>
    public int Committed => Volatile.Read(ref _committed);

    /// <summary>Clients that ended with an error.</summary>
    public List<string> Errors { get; } = [];

    public void Dispose()
    {
        _stop.Cancel();
        _running.Wait();
        _stop.Dispose();
    }

    public override string ToString() =>
        $"{Committed} transactions committed, {Errors.Count} errors: {string.Join("; ", Errors.TakeLast(3))}";

    private void Run()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                CopyUntilAnError();
            }
            catch (KafkaException failure)
            {
                Errors.Add($"{failure.Error.Code}: {failure.Error.Reason}");
            }
        }
    }

    private void CopyUntilAnError()
    {
        using var producer = new ProducerBuilder<string, string>(new ProducerConfig
        {
            BootstrapServers = _bootstrap,
            TransactionalId = "copier",
            MetadataRecoveryStrategy = NoRebootstrap,
            TransactionTimeoutMs = 10_000,
            LingerMs = 1,
            ReconnectBackoffMs = 20,
            ReconnectBackoffMaxMs = 200,
            RetryBackoffMs = 20,
        }).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        producer.InitTransactions(Patience);
        using var consumer = new ConsumerBuilder<string, string>(new ConsumerConfig
        {
            BootstrapServers = _bootstrap,
            GroupId = Group,
            MetadataRecoveryStrategy = NoRebootstrap,
            EnableAutoCommit = false,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            IsolationLevel = IsolationLevel.ReadCommitted,
            FetchWaitMaxMs = 10,
            ReconnectBackoffMs = 20,
            ReconnectBackoffMaxMs = 200,
        }).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        consumer.Assign(Positions(consumer));
        while (!_stop.IsCancellationRequested)
            CopySome(consumer, producer);
    }

    private TopicPartitionOffset Positions(IConsumer<string, string> consumer)
    {
        var partition = new TopicPartition(_input, 0);
        var committed = consumer.Committed([partition], Patience)[0].Offset;
        return new TopicPartitionOffset(partition, committed == Offset.Unset ? Offset.Beginning : committed);
    }

    private void CopySome(IConsumer<string, string> consumer, IProducer<string, string> producer)
    {
        var next = Offset.Unset;
        for (var count = 0; count < _perTransaction; count++)
        {
            if (consumer.Consume(count == 0 ? TimeSpan.FromMilliseconds(200) : TimeSpan.FromMilliseconds(20))
                is not { } record)
                break;
            if (next == Offset.Unset)
                producer.BeginTransaction();
            producer.Produce(_output, record.Message);
            next = record.Offset + 1;
        }

        if (next == Offset.Unset)
            return;
        try
        {
            producer.SendOffsetsToTransaction(
                [new TopicPartitionOffset(_input, 0, next)], consumer.ConsumerGroupMetadata, Patience);
            producer.CommitTransaction(Patience);
            Interlocked.Increment(ref _committed);
        }
        catch (KafkaTxnRequiresAbortException)
        {
            producer.AbortTransaction(Patience);
            consumer.Assign(Positions(consumer));
        }
    }

    /// <summary>Numbers as they are written to the topic that is copied.</summary>
    public static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
