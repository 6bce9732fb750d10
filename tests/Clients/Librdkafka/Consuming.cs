using Confluent.Kafka;

namespace Millrace.Clients.Librdkafka;

/// <summary>Positions: beginnings, ends, seeks, times, limits of a fetch.</summary>
public sealed class Consuming(BrokerUnderTest broker)
{
    private const long Start = 1_700_000_000_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task FromAnyOffset()
    {
        var partition = await Filled(100);
        using var consumer = broker.Consumer();
        consumer.Assign(new TopicPartitionOffset(partition, 42));
        Assert.Equal(42, consumer.Take(1)[0].Offset.Value);
        consumer.Seek(new TopicPartitionOffset(partition, 7));
        Assert.Equal(Enumerable.Range(7, 20), consumer.Take(20).Select(record => (int)record.Offset.Value));
        var watermarks = consumer.QueryWatermarkOffsets(partition, Patience);
        Assert.Equal((0, 100), (watermarks.Low.Value, watermarks.High.Value));
    }

    [Fact]
    public async Task FromTheEnd()
    {
        var partition = await Filled(10);
        using var consumer = broker.Consumer(config => config.EnablePartitionEof = true);
        consumer.Assign(new TopicPartitionOffset(partition, Offset.End));
        var end = consumer.Take(1)[0];
        Assert.True(end.IsPartitionEOF);
        Assert.Equal(10, end.Offset.Value);
        using var producer = broker.Producer();
        await producer.Produce(partition, [Sample.New(null, "new")]);
        Assert.Equal(10, consumer.Take(1)[0].Offset.Value);
    }

    [Fact]
    public async Task FromBeyondTheEndAsTheResetSays()
    {
        var partition = await Filled(10);
        using var consumer = broker.Consumer(config => config.AutoOffsetReset = AutoOffsetReset.Earliest);
        consumer.Assign(new TopicPartitionOffset(partition, 1_000));
        Assert.Equal(0, consumer.Take(1)[0].Offset.Value);

        using var strict = broker.Consumer(config => config.AutoOffsetReset = AutoOffsetReset.Error);
        strict.Assign(new TopicPartitionOffset(partition, 1_000));
        var refusal = Assert.Throws<ConsumeException>(() => strict.Take(1));
        Assert.Equal(ErrorCode.Local_AutoOffsetReset, refusal.Error.Code);
    }

    [Fact]
    public async Task FromTimes()
    {
        var partition = await Filled(100);
        using var consumer = broker.Consumer();
        long OffsetAt(long time)
        {
            var timestamp = new Timestamp(time, TimestampType.CreateTime);
            return consumer.OffsetsForTimes([new(partition, timestamp)], Patience)[0].Offset.Value;
        }

        Assert.Equal(0, OffsetAt(0));
        Assert.Equal(0, OffsetAt(Start));
        Assert.Equal(51, OffsetAt(Start + 50_001));
        Assert.Equal(99, OffsetAt(Start + 99_000));
        Assert.Equal(Offset.End.Value, OffsetAt(Start + 99_001));
    }

    [Fact]
    public async Task InSmallPieces()
    {
        var partition = await Filled(1_000);
        using var consumer = broker.Consumer(config =>
        {
            config.FetchMaxBytes = 1_000;
            config.MessageMaxBytes = 1_000;
            config.MaxPartitionFetchBytes = 100;
        });
        Assert.Equal(
            Enumerable.Range(0, 1_000),
            consumer.ReadAll(partition, 1_000).Select(record => (int)record.Offset.Value));
    }

    /// <summary>A record that arrives while a fetch waits ends the wait: no poll interval lies between.</summary>
    [Fact]
    public async Task WhileWaitingForRecords()
    {
        var partition = await Filled(1);
        using var consumer = broker.Consumer(config => config.FetchWaitMaxMs = 25_000);
        using var producer = broker.Producer();
        consumer.Assign(new TopicPartitionOffset(partition, Offset.Beginning));
        consumer.Take(1);
        for (var i = 1; i <= 10; i++)
        {
            await producer.Produce(partition, [Sample.New(null, $"{i}")]);
            Assert.Equal(i, consumer.Take(1)[0].Offset.Value);
        }
    }

    [Fact]
    public async Task ManyPartitionsAtOnce()
    {
        var topic = await broker.CreateTopic(partitions: 20);
        using var producer = broker.Producer();
        for (var partition = 0; partition < 20; partition++)
            await producer.Produce(new TopicPartition(topic, partition), [Sample.New(null, $"{partition}")]);
        using var consumer = broker.Consumer();
        consumer.Subscribe(topic);
        var records = consumer.Take(20);
        Assert.Equal(Enumerable.Range(0, 20), records.Select(record => record.Partition.Value).Order());
        consumer.Close();
    }

    /// <summary>Records one second apart, in several batches.</summary>
    private async Task<TopicPartition> Filled(int count)
    {
        var partition = new TopicPartition(await broker.CreateTopic(), 0);
        using var producer = broker.Producer(config => config.BatchNumMessages = 10);
        var records = Enumerable.Range(0, count).Select(i => Sample.New(null, $"{i}")).ToList();
        foreach (var (i, record) in records.Index())
            record.Timestamp = new Timestamp(Start + i * 1_000L, TimestampType.CreateTime);
        await producer.Produce(partition, records);
        return partition;
    }
}
