using Confluent.Kafka;

namespace Millrace.Clients;

/// <summary>
/// What a client writes in a transaction is seen once it commits, together with the position of the group that it
/// commits; what it aborts is never seen.
/// </summary>
[Trait(ClientTable.Feature, "transactions")]
public sealed class Transactions(BrokerUnderTest broker)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static IEnumerable<TheoryDataRow<string>> Clients => ClientProgram.Rows(
        ClientProgram.ConfluentPython, ClientProgram.KafkaJs, ClientProgram.Platformatic, ClientProgram.Java);

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task OfPrograms(string client)
    {
        var program = ClientProgram.Of(client);
        var (topic, input, group) = await Prepare();

        var output = await program.Run("", "transact", broker.Bootstrap, topic, group, input.Topic);

        Assert.Contains("read committed", output.Split('\n'));
        AssertCommitted(topic, input, group);
    }

    [Fact]
    [Trait(ClientTable.Client, ClientTable.ConfluentKafka)]
    public async Task OfConfluentKafka()
    {
        var (topic, input, group) = await Prepare();
        using var producer = broker.Producer(config => config.TransactionalId = topic);
        using var consumer = broker.Consumer(config => config.GroupId = group);
        producer.InitTransactions(Patience);
        producer.BeginTransaction();
        await producer.ProduceAsync(topic, Sample.New(null, "aborted"), TestContext.Current.CancellationToken);
        producer.AbortTransaction(Patience);
        producer.BeginTransaction();
        producer.Produce(topic, Sample.New(null, "committed"));
        producer.SendOffsetsToTransaction(
            [new TopicPartitionOffset(input, 1)], consumer.ConsumerGroupMetadata, Patience);
        producer.CommitTransaction(Patience);

        AssertCommitted(topic, input, group);
    }

    /// <summary>A topic to write to, a partition with a record to read, and a group.</summary>
    private async Task<(string Topic, TopicPartition Input, string Group)> Prepare()
    {
        var input = new TopicPartition(await broker.CreateTopic(), 0);
        using var producer = broker.Producer();
        await producer.Produce(input, [Sample.New(null, "input")]);
        return (await broker.CreateTopic(), input, broker.NewName("group"));
    }

    private void AssertCommitted(string topic, TopicPartition input, string group)
    {
        var output = new TopicPartition(topic, 0);
        Assert.Equal(["committed"], Read(output, IsolationLevel.ReadCommitted));
        Assert.Equal(["aborted", "committed"], Read(output, IsolationLevel.ReadUncommitted));
        using var consumer = broker.Consumer(config => config.GroupId = group);
        Assert.Equal(1, consumer.Committed([input], Patience)[0].Offset.Value);
    }

    /// <summary>All values up to the end.</summary>
    private List<string> Read(TopicPartition partition, IsolationLevel isolation)
    {
        using var consumer = broker.Consumer(config =>
        {
            config.IsolationLevel = isolation;
            config.EnablePartitionEof = true;
        });
        consumer.Assign(new TopicPartitionOffset(partition, Offset.Beginning));
        var values = new List<string>();
        while (consumer.Take(1)[0] is { IsPartitionEOF: false } record)
            values.Add(System.Text.Encoding.UTF8.GetString(record.Message.Value!));
        return values;
    }
}
