using Confluent.Kafka;

namespace Millrace.Clients;

/// <summary>Administration and limits, as the clients of other languages see them.</summary>
public sealed class Programs(BrokerUnderTest broker)
{
    public static IEnumerable<TheoryDataRow<string>> Languages => ClientProgram.Rows(ClientProgram.Languages);

    [Theory]
    [MemberData(nameof(Languages))]
    [Trait(ClientTable.Feature, "admin")]
    public async Task AdministerTopics(string client)
    {
        var program = ClientProgram.Of(client);
        var filled = await broker.CreateTopic();
        using var producer = broker.Producer();
        var records = Enumerable.Range(0, 10).Select(i => new Message<byte[]?, byte[]?>
        {
            Timestamp = new Timestamp(1_700_000_000_000 + i * 1_000L, TimestampType.CreateTime),
        });
        await producer.Produce(new TopicPartition(filled, 0), records);

        var output = await program.Run("", "admin", broker.Bootstrap, broker.NewName("topic"), filled);
        Assert.Equal(
            ["partitions 3", "partitions 5", "retention.ms 12345", "offsets 0 5 10", "brokers 1", "deleted true"],
            Said(output));
    }

    [Theory]
    [MemberData(nameof(Languages))]
    [Trait(ClientTable.Feature, "produce")]
    public async Task WriteLargeRecordsAndAreRefusedLargerOnes(string client)
    {
        var program = ClientProgram.Of(client);
        var output = await program.Run("", "large", broker.Bootstrap, await broker.CreateTopic());
        Assert.Equal(["refused MESSAGE_TOO_LARGE", "size 900000"], Said(output));
    }

    /// <summary>Some clients log to their output, in JSON or behind a time.</summary>
    private static IEnumerable<string> Said(string output) =>
        output.Split('\n').Where(line => line.Length > 0 && char.IsAsciiLetterLower(line[0]));
}
