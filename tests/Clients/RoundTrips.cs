using Confluent.Kafka;

namespace Millrace.Clients;

/// <summary>What one client writes another reads, with every codec, to the last byte.</summary>
public sealed class RoundTrips(BrokerUnderTest broker)
{
    public static readonly string[] Codecs = ["none", "gzip", "snappy", "lz4", "zstd"];

    /// <summary>@platformatic/kafka has zstd from Node 22.15 on only.</summary>
    public static IEnumerable<TheoryDataRow<string, string>> Clients =>
        from client in ClientProgram.Languages
        from codec in Codecs
        where (client, codec) != (ClientProgram.Platformatic, "zstd")
        select new TheoryDataRow<string, string>(client, codec).WithTrait(ClientTable.Client, client);

    public static TheoryData<string> CodecNames => [.. Codecs];

    [Theory]
    [MemberData(nameof(CodecNames))]
    [Trait(ClientTable.Client, ClientTable.ConfluentKafka)]
    [Trait(ClientTable.Feature, "produce")]
    [Trait(ClientTable.Feature, "consume")]
    public async Task OfLibrdkafka(string codec)
    {
        var partition = new TopicPartition(await broker.CreateTopic(), 0);
        var records = Sample.Records();
        using var producer = broker.Producer(config => config.CompressionType = Codec(codec));
        await producer.Produce(partition, records);
        using var consumer = broker.Consumer();
        Assert.Equal(records.Select(Sample.Line), Read(consumer, partition, records.Count));
    }

    [Theory]
    [MemberData(nameof(Clients))]
    [Trait(ClientTable.Feature, "produce")]
    [Trait(ClientTable.Feature, "consume")]
    public async Task WithLibrdkafka(string client, string codec)
    {
        var program = ClientProgram.Of(client);
        var theirs = new TopicPartition(await broker.CreateTopic(), 0);
        var ours = new TopicPartition(await broker.CreateTopic(), 0);
        var records = Sample.Records();
        using var producer = broker.Producer(config => config.CompressionType = Codec(codec));
        await producer.Produce(ours, records);

        var input = records.Where(program.CanWrite).Select(Sample.Line).ToList();
        var output = await program.Run(
            string.Join('\n', input),
            "round-trip", broker.Bootstrap, codec, theirs.Topic, ours.Topic, $"{records.Count}");

        Assert.Equal(records.Select(Sample.Line), Sample.Lines(output));
        using var consumer = broker.Consumer();
        Assert.Equal(input, Read(consumer, theirs, input.Count));
    }

    private static IEnumerable<string> Read(
        IConsumer<byte[]?, byte[]?> consumer, TopicPartition partition, int count) =>
        consumer.ReadAll(partition, count).Select(record => Sample.Line(record.Message));

    private static CompressionType Codec(string name) => Enum.Parse<CompressionType>(name, ignoreCase: true);
}
