using System.Text.RegularExpressions;
using Confluent.Kafka;
using Millrace.Shared;

namespace Millrace.Integration.Broker;

/// <summary><c>--trace-requests</c>: each request is a line of the server's log.</summary>
public sealed partial class RequestTraceTests
{
    [Fact]
    public async Task TellsWhoAskedWhatAndWhatCameOfIt()
    {
        await using var server = await MillraceServer.Start("--trace-requests");
        await Use(server, "a \"client\"\n");
        Assert.Equal(0, await server.Terminate());

        var requests = Request().Matches(server.Errors);
        var produced = Assert.Single(requests, request => request.Groups["api"].Value == "Produce");
        Assert.Equal(@"a \u0022client\u0022\n", produced.Groups["client"].Value);
        Assert.Equal("confluent-kafka-dotnet", produced.Groups["software"].Value);
        Assert.InRange(int.Parse(produced.Groups["in"].Value), 1000, 2000);
        Assert.InRange(int.Parse(produced.Groups["out"].Value), 20, 200);
        Assert.Equal("None", produced.Groups["errors"].Value);
        var described = requests.Last(request => request.Groups["api"].Value == "Metadata");
        Assert.Equal("UnknownTopicOrPartition", described.Groups["errors"].Value);
    }

    [Fact]
    public async Task SaysNothingWhereItIsNotAsked()
    {
        await using var server = await MillraceServer.Start();
        await Use(server, "client");
        Assert.Equal(0, await server.Terminate());
        Assert.Empty(Request().Matches(server.Errors));
    }

    /// <summary>Writes a record of 1,000 bytes, then asks for a topic that can't be.</summary>
    private static async Task Use(MillraceServer server, string clientId)
    {
        using var producer = new ProducerBuilder<Null, byte[]>(
            new ProducerConfig { BootstrapServers = server.Bootstrap, ClientId = clientId }).Build();
        await producer.ProduceAsync(
            "topic", new() { Value = new byte[1000] }, TestContext.Current.CancellationToken);
        using var consumer = new ConsumerBuilder<Null, byte[]>(new ConsumerConfig
        {
            BootstrapServers = server.Bootstrap, GroupId = "group", AllowAutoCreateTopics = false,
        }).Build();
        Assert.Throws<KafkaException>(() => consumer.QueryWatermarkOffsets(new("absent", 0), TimeSpan.FromSeconds(5)));
    }

    [GeneratedRegex(
        @"Z request /127\.0\.0\.1:\d+ client=""(?<client>.*)"" software=(?<software>\S+)/\S+ api=(?<api>\w+) "
        + @"version=\d+ correlation=\d+ in=(?<in>\d+) out=(?<out>\d+) ms=\d+\.\d{3} errors=(?<errors>\S+)")]
    private static partial Regex Request();
}
