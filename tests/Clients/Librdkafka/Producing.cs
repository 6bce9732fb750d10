using Confluent.Kafka;

namespace Millrace.Clients.Librdkafka;

/// <summary>Acknowledgements, idempotence, sizes, topics that come to be by being written to.</summary>
public sealed class Producing(BrokerUnderTest broker)
{
    private const int Large = 900_000;
    private const int TooLarge = 1_200_000;

    [Theory]
    [InlineData(Acks.None)]
    [InlineData(Acks.Leader)]
    [InlineData(Acks.All)]
    public async Task WithEveryKindOfAcknowledgement(Acks acks)
    {
        var partition = new TopicPartition(await broker.CreateTopic(), 0);
        using (var producer = broker.Producer(config => config.Acks = acks))
        {
            await producer.Produce(partition, Numbered(500));
            producer.Flush(TestContext.Current.CancellationToken);
        }

        using var consumer = broker.Consumer();
        consumer.Assign(new TopicPartitionOffset(partition, Offset.Beginning));
        AssertNumbered(consumer.Take(500));
    }

    [Fact]
    public async Task IdempotentlyInOrderWithManyRequestsInFlight()
    {
        var partition = new TopicPartition(await broker.CreateTopic(), 0);
        using var producer = broker.Producer(config =>
        {
            config.EnableIdempotence = true;
            config.MaxInFlight = 5;
            config.BatchNumMessages = 10;
            config.LingerMs = 0;
        });
        await producer.Produce(partition, Numbered(5_000));
        using var consumer = broker.Consumer();
        AssertNumbered(consumer.ReadAll(partition, 5_000));
    }

    [Fact]
    public async Task ToAllPartitionsByKey()
    {
        var topic = await broker.CreateTopic(partitions: 6);
        using var producer = broker.Producer();
        var sent = await Task.WhenAll(Enumerable.Range(0, 600)
            .Select(i => producer.ProduceAsync(topic, Sample.New($"key {i % 60}", $"{i}"))));
        Assert.Equal(6, sent.Select(result => result.Partition).Distinct().Count());
        Assert.All(sent.GroupBy(result => result.Partition), partition =>
        {
            var offsets = partition.Select(result => (int)result.Offset.Value).Order();
            Assert.Equal(Enumerable.Range(0, partition.Count()), offsets);
        });
        var homes = sent.Select(result => (result.Partition, Convert.ToHexString(result.Key!)));
        Assert.Equal(60, homes.Distinct().Count());
    }

    [Fact]
    public async Task ToATopicThatDoesNotExistYet()
    {
        var partition = new TopicPartition(broker.NewName("auto"), 0);
        using var producer = broker.Producer();
        Assert.Equal(0L, Assert.Single(await producer.Produce(partition, [Sample.New("key", "value")])));
    }

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Zstd)]
    public async Task LargeRecords(CompressionType codec)
    {
        var partition = new TopicPartition(await broker.CreateTopic(), 0);
        var records = Enumerable.Range(1, 10).Select(seed => Noise(seed, Large)).ToList();
        using var producer = broker.Producer(config => config.CompressionType = codec);
        await producer.Produce(partition, records);
        using var consumer = broker.Consumer(config => config.MaxPartitionFetchBytes = 100_000);
        var read = consumer.ReadAll(partition, 10);
        Assert.Equal(records.Select(record => record.Value), read.Select(record => record.Message.Value));
    }

    [Fact]
    public async Task NoRecordsLargerThanTheTopicAllows()
    {
        var partition = new TopicPartition(await broker.CreateTopic(), 0);
        using var producer = broker.Producer(config => config.MessageMaxBytes = 10_000_000);
        var refusal = await Assert.ThrowsAsync<ProduceException<byte[]?, byte[]?>>(
            () => producer.Produce(partition, [Noise(1, TooLarge)]));
        Assert.Equal(ErrorCode.MsgSizeTooLarge, refusal.Error.Code);
        Assert.Equal(0L, Assert.Single(await producer.Produce(partition, [Sample.New("key", "small")])));
    }

    [Fact]
    public async Task LargerRecordsWhereTheTopicAllowsThem()
    {
        var topic = await broker.CreateTopic(configs: new() { ["max.message.bytes"] = "2000000" });
        using var producer = broker.Producer(config => config.MessageMaxBytes = 10_000_000);
        var record = Noise(1, TooLarge);
        await producer.Produce(new TopicPartition(topic, 0), [record]);
        using var consumer = broker.Consumer();
        Assert.Equal(record.Value, consumer.ReadAll(new TopicPartition(topic, 0), 1)[0].Message.Value);
    }

    private static Message<byte[]?, byte[]?> Noise(int seed, int size)
    {
        var value = new byte[size];
        new Random(seed).NextBytes(value);
        return new Message<byte[]?, byte[]?> { Value = value };
    }

    private static IEnumerable<Message<byte[]?, byte[]?>> Numbered(int count) =>
        Enumerable.Range(0, count).Select(i => Sample.New($"{i}", $"{i}"));

    private static void AssertNumbered(List<ConsumeResult<byte[]?, byte[]?>> records) =>
        Assert.All(records, (record, i) =>
        {
            Assert.Equal(i, record.Offset.Value);
            Assert.Equal(Sample.Utf8($"{i}"), record.Message.Value);
        });
}
