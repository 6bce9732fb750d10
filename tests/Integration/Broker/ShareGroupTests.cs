using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Millrace.Shared;

namespace Millrace.Integration.Broker;

/// <summary>
/// Kafka's Java share consumer at work. MILLRACE_KILLS sets how often the server is killed.
/// </summary>
public sealed class ShareGroupTests
{
    private const string Topic = "shared";
    private const string Group = "group";

    private static int Kills { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("MILLRACE_KILLS"), out var kills) ? kills : 3;

    [Fact]
    public async Task ARecordIsAcceptedReleasedOrRejectedByItself()
    {
        await using var server = await MillraceServer.Start();
        await ShareMember.Begin(server.Bootstrap, Group);
        await Produce(server, 1, ["accept", "release", "reject", "accept"]);
        await using var member = new ShareMember(server.Bootstrap, Group, Topic, "explicit");

        await Poll.Until(() => Count(member, "acknowledged") >= 3 + 5, () => $"{member}\n{server.Errors}");
        await Produce(server, 1, ["accept"]);
        await Poll.Until(() => Count(member, "acknowledged") >= 3 + 5 + 1, () => $"{member}\n{server.Errors}");
        await member.Leave();

        Assert.Equal(
            ["0x1", "1x1", "1x2", "1x3", "1x4", "1x5", "2x1", "3x1", "4x1"],
            Deliveries(member).Order(StringComparer.Ordinal));
        Assert.Equal(0, Count(member, "refused"));
    }

    [Fact]
    public async Task MembersShareThePartitions()
    {
        await using var server = await MillraceServer.Start();
        await ShareMember.Begin(server.Bootstrap, Group);
        await CreateTopic(server, 2);
        await using var one = new ShareMember(server.Bootstrap, Group, Topic, "implicit");
        await using var two = new ShareMember(server.Bootstrap, Group, Topic, "implicit");
        const int Records = 400;
        var written = 0;
        await Poll.Until(
            () =>
            {
                Produce(server, 2, ["accept", "accept", "accept", "accept"]).Wait();
                written += 4;
                return written >= Records && Count(one, "record") > 0 && Count(two, "record") > 0;
            },
            () => $"{one}\n{two}\n{server.Errors}");
        await Poll.Until(
            () => Count(one, "acknowledged") + Count(two, "acknowledged") >= written,
            () => $"{written} written, {one}\n{two}\n{server.Errors}");
        await one.Leave();
        await two.Leave();

        Assert.Equal(written, Deliveries(one).Concat(Deliveries(two)).Count());
    }

    [Fact]
    public async Task KillsLoseNothingAndBringBackNothingThatWasAccepted()
    {
        await using var server = await MillraceServer.Start();
        await ShareMember.Begin(server.Bootstrap, Group);
        await CreateTopic(server, 2);
        await using var one = new ShareMember(server.Bootstrap, Group, Topic, "explicit");
        await using var two = new ShareMember(server.Bootstrap, Group, Topic, "explicit");
        var written = 0;
        for (var kill = 0; kill < Kills; kill++)
        {
            var enough = Accepted(one, two).Count + 200;
            await Poll.Until(
                () =>
                {
                    Produce(server, 2, [.. Enumerable.Repeat("accept", 50)]).Wait();
                    written += 50;
                    return Accepted(one, two).Count >= enough;
                },
                () => $"kill {kill}: {one}\n{two}\n{server.Errors}");
            await server.Kill();
            await server.StartAgain();
        }

        await Poll.Until(
            () => Accepted(one, two).Count >= written, () => $"{written} written, {one}\n{two}\n{server.Errors}");
        await one.Leave();
        await two.Leave();

        var accepted = Accepted(one, two);
        Assert.Equal(written, accepted.Count);
        Assert.DoesNotContain(one.Events.Concat(two.Events), told =>
            told.What == "record" && told.At > accepted[(told.Partition, told.Offset)]);
    }

    /// <summary>When the broker first answered that a record is acknowledged.</summary>
    private static Dictionary<(int Partition, long Offset), long> Accepted(params ShareMember[] members) =>
        members.SelectMany(member => member.Events).Where(told => told.What == "acknowledged")
            .GroupBy(told => (told.Partition, told.Offset))
            .ToDictionary(record => record.Key, record => record.Min(told => told.At));

    private static int Count(ShareMember member, string what) => member.Events.Count(told => told.What == what);

    private static IEnumerable<string> Deliveries(ShareMember member) =>
        member.Events.Where(told => told.What == "record").Select(told => $"{told.Offset}x{told.Deliveries}");

    private static async Task CreateTopic(MillraceServer server, int partitions)
    {
        using var admin = new AdminClientBuilder(
            new AdminClientConfig { BootstrapServers = server.Bootstrap }).SetLogHandler((_, _) => { }).Build();
        await admin.CreateTopicsAsync([new TopicSpecification { Name = Topic, NumPartitions = partitions }]);
    }

    private static async Task Produce(MillraceServer server, int partitions, string[] values)
    {
        using var producer = new ProducerBuilder<Null, string>(
            new ProducerConfig { BootstrapServers = server.Bootstrap, EnableIdempotence = true, LingerMs = 0 })
            .SetLogHandler((_, _) => { }).Build();
        await Task.WhenAll(values.Select((value, i) => producer.ProduceAsync(
            new TopicPartition(Topic, i % partitions), new Message<Null, string> { Value = value })));
    }
}
