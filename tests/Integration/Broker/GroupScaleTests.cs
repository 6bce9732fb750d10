using System.Diagnostics;
using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Millrace.Shared;

namespace Millrace.Integration.Broker;

/// <summary>
/// Many groups, and a large one. MILLRACE_MEMBERS sets how many members the large one has, with ten partitions each;
/// how long it takes to settle goes to the test's output.
/// </summary>
public sealed class GroupScaleTests(ITestOutputHelper output)
{
    private const string Topic = "topic";
    private const int Groups = 1000;
    private const int PartitionsEach = 10;
    private const int AtOnce = 50;

    private static int Members { get; } = int.TryParse(
        Environment.GetEnvironmentVariable("MILLRACE_MEMBERS"), CultureInfo.InvariantCulture, out var given)
        ? given : 8;

    [Fact]
    public async Task CommittedOffsetsOfManyGroupsSurviveAKill()
    {
        await using var server = await MillraceServer.Start();
        using var admin = Admin(server.Bootstrap);
        await admin.CreateTopicsAsync([new TopicSpecification { Name = Topic, NumPartitions = 1 }]);
        var options = new ParallelOptions { MaxDegreeOfParallelism = AtOnce };
        var groups = Enumerable.Range(0, Groups);
        await Parallel.ForEachAsync(groups, options, async (group, _) => await admin.AlterConsumerGroupOffsetsAsync(
            [new ConsumerGroupTopicPartitionOffsets($"group-{group}", [new TopicPartitionOffset(Topic, 0, group)])]));

        await server.Kill();
        await server.StartAgain();

        await Parallel.ForEachAsync(groups, options, async (group, _) =>
        {
            var held = await admin.ListConsumerGroupOffsetsAsync(
                [new ConsumerGroupTopicPartitions($"group-{group}", [new TopicPartition(Topic, 0)])]);
            Assert.Equal(group, held[0].Partitions[0].Offset.Value);
        });
    }

    [Theory]
    [InlineData(GroupProtocol.Consumer, null)]
    [InlineData(GroupProtocol.Classic, PartitionAssignmentStrategy.Range)]
    [InlineData(GroupProtocol.Classic, PartitionAssignmentStrategy.CooperativeSticky)]
    public async Task ALargeGroupSettlesWhenAMemberLeaves(GroupProtocol protocol, PartitionAssignmentStrategy? strategy)
    {
        await using var server = await MillraceServer.Start(
            "--set", "group.consumer.min.heartbeat.interval.ms=500",
            "--set", "group.consumer.heartbeat.interval.ms=500");
        using (var admin = Admin(server.Bootstrap))
        {
            await admin.CreateTopicsAsync(
                [new TopicSpecification { Name = Topic, NumPartitions = Members * PartitionsEach }]);
        }

        var members = new List<AssignedMember>();
        try
        {
            for (var member = 0; member < Members; member++)
                members.Add(new AssignedMember(server.Bootstrap, Topic, protocol, strategy));
            await Poll.Until(() => IsSettled(members), () => $"never settled: {string.Join(' ', members)}");

            var leaver = members[^1];
            members.Remove(leaver);
            var left = Stopwatch.StartNew();
            await leaver.DisposeAsync();
            await Poll.Until(() => IsSettled(members), () => $"not settled: {string.Join(' ', members)}");
            output.WriteLine($"{protocol} {strategy}: {Members} members, {Members * PartitionsEach} partitions, "
                + $"settled {left.Elapsed.TotalSeconds:F2} s after one began to leave");
        }
        finally
        {
            await Task.WhenAll(members.Select(member => member.DisposeAsync().AsTask()));
        }
    }

    /// <summary>Each partition has one member, and each member has its share.</summary>
    private static bool IsSettled(List<AssignedMember> members)
    {
        var assigned = members.Select(member => member.Assigned).ToList();
        return assigned.All(partitions => partitions.Count >= PartitionsEach)
            && assigned.Sum(partitions => partitions.Count) == Members * PartitionsEach
            && assigned.SelectMany(partitions => partitions).Distinct().Count() == Members * PartitionsEach;
    }

    private static IAdminClient Admin(string bootstrap) =>
        new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap })
            .SetLogHandler((_, _) => { }).Build();
}
