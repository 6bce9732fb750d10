using System.Collections.Immutable;
using Millrace.Core.Controller;
using Millrace.Core.Groups.Modern;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Core.Groups.Consumer;

/// <summary>Topics and members of consumer groups, as tests write them down.</summary>
internal static class Consumers
{
    /// <summary>An id that tells which topic it is: that of "t" begins like that of no other letter.</summary>
    public static Uuid IdOf(string topic) => new((ulong)topic[0] << 32 | (uint)topic.Length, topic[^1]);

    /// <summary>Topics as "name:partitions".</summary>
    public static ClusterImage Image(params string[] topics)
    {
        var image = ClusterImage.Empty;
        foreach (var parts in topics.Select(topic => topic.Split(':')))
            image = image.With(new TopicImage(
                parts[0], IdOf(parts[0]),
                [.. Enumerable.Repeat(PartitionImage.Unknown, int.Parse(parts[1]))],
                ImmutableSortedDictionary<string, string>.Empty));
        return image;
    }

    public static ClusterImage With(this ClusterImage image, string group, string config, string value) => image with
    {
        Configs = image.Configs.Replay(ConfigsImage.Record(ConfigResource.Group, group, config, value)),
    };

    /// <summary>A shard with topics, whose group "g" is assigned whenever it is due.</summary>
    public static Shard Shard(params string[] topics)
    {
        var shard = new Shard();
        shard.Publish(Image(topics).With("g", "consumer.assignment.interval.ms", "0"));
        return shard;
    }

    public static Ask<ConsumerGroupHeartbeatResponse> TryBeat(
        this Shard shard, string member, int epoch, string? topics = null, string? owned = null,
        string? instance = null, string? regex = null, string? assignor = null, string group = "g",
        int rebalanceMs = -1)
    {
        var ask = new Ask<ConsumerGroupHeartbeatResponse>();
        var request = new ConsumerGroupHeartbeatRequest
        {
            GroupId = group, MemberId = member, MemberEpoch = epoch, InstanceId = instance,
            RebalanceTimeoutMs = rebalanceMs, SubscribedTopicRegex = regex, ServerAssignor = assignor,
            SubscribedTopicNames = topics?.Split(',', StringSplitOptions.RemoveEmptyEntries).ToList(),
            TopicPartitions = owned is null ? null : [.. Partitions(owned).GroupBy(one => one.TopicId).Select(
                topic => new ConsumerGroupHeartbeatRequest.TopicPartition
                {
                    TopicId = topic.Key, Partitions = [.. topic.Select(one => one.Partition)],
                })],
        };
        shard.Run(effects => shard.Coordinator.Heartbeat(request, new(1, "c", "/127.0.0.1"), ask, shard.Now, effects));
        return ask;
    }

    /// <summary>A heartbeat and its answer as "epoch: partitions", "epoch" if nothing changed, or the error.</summary>
    public static string Beat(
        this Shard shard, string member, int epoch, string? topics = null, string? owned = null,
        string? instance = null, string? regex = null, string? assignor = null, string group = "g",
        int rebalanceMs = -1) => Text(
            shard.TryBeat(member, epoch, topics, owned, instance, regex, assignor, group, rebalanceMs).Answer);

    /// <summary>Joins with epoch 0.</summary>
    public static string Enter(
        this Shard shard, string member, string topics = "t", string? instance = null, string? regex = null,
        string? assignor = null, string group = "g", int rebalanceMs = 60_000) =>
        shard.Beat(member, 0, topics, "", instance, regex, assignor, group, rebalanceMs);

    public static string Text(ConsumerGroupHeartbeatResponse answer) =>
        answer.ErrorCode != ErrorCode.None ? answer.ErrorCode.ToString()
        : answer.Assignment is not { } assignment ? $"{answer.MemberEpoch}"
        : $"{answer.MemberEpoch}: {string.Join(' ', assignment.TopicPartitions.SelectMany(topic =>
            topic.Partitions.Select(partition => $"{(char)(topic.TopicId.High >> 32)}{partition}")))}".TrimEnd();

    /// <summary>Partitions as "t0 t1", topics having names of one letter.</summary>
    public static IEnumerable<TopicIdPartition> Partitions(string text) =>
        text.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(one => new TopicIdPartition(IdOf(one[..1]), int.Parse(one[1..])));

    public static ConsumerGroupDescribeResponse.DescribedGroup Describe(this Shard shard, string group = "g") =>
        shard.Coordinator.DescribeConsumerGroup(group);

    /// <summary>State, epoch and epoch of the assignment.</summary>
    public static string Summary(this Shard shard, string group = "g") => shard.Describe(group) is var described
        && described.ErrorCode == ErrorCode.None
            ? $"{described.GroupState} {described.GroupEpoch} {described.AssignmentEpoch}"
            : described.ErrorCode.ToString();
}
