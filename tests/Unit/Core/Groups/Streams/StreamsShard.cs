using System.Collections.Immutable;
using Millrace.Core.Controller;
using Millrace.Core.Coordinators;
using Millrace.Core.Model;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using Request = Millrace.Protocol.Messages.StreamsGroupHeartbeatRequest;
using Response = Millrace.Protocol.Messages.StreamsGroupHeartbeatResponse;

namespace Millrace.Unit.Core.Groups.Streams;

/// <summary>
/// A shard with topics and one application, "app", which reads "in": its members beat, what they are told to run they
/// run.
/// </summary>
internal sealed class StreamsShard
{
    public const string Group = "app";

    private ClusterImage _image = ClusterImage.Empty;

    public StreamsShard(bool isPrompt = true)
    {
        Topic("in", 4);
        if (!isPrompt)
            return;
        Config("streams.initial.rebalance.delay.ms", "0");
        Config("streams.assignment.interval.ms", "0");
    }

    public Shard Shard { get; } = new();

    public List<CoordinatorMessage> Messages { get; } = [];

    /// <summary>What members join with.</summary>
    public Request.TopologyData Topology { get; set; } = Of(Sub("0", sources: ["in"]));

    public static Request.TopologyData Of(params Request.Subtopology[] subtopologies) =>
        new() { Subtopologies = [.. subtopologies] };

    public static Request.Subtopology Sub(
        string id, string[]? sources = null, string[]? sinks = null,
        (string Name, int Partitions)[]? repartition = null, string[]? changelogs = null) => new()
        {
            SubtopologyId = id,
            SourceTopics = [.. sources ?? []],
            RepartitionSinkTopics = [.. sinks ?? []],
            RepartitionSourceTopics = [.. (repartition ?? []).Select(
            topic => new Request.TopicInfo { Name = topic.Name, Partitions = topic.Partitions })],
            StateChangelogTopics = [.. (changelogs ?? []).Select(name => new Request.TopicInfo
        {
            Name = name, TopicConfigs = [new() { Key = "cleanup.policy", Value = "compact" }],
        })],
        };

    public void Topic(string name, int partitions)
    {
        var partition = new PartitionImage(1, new LeaderEpoch(0), [1], [1]);
        _image = _image.With(new TopicImage(
            name, new Uuid(1, (ulong)name.GetHashCode(StringComparison.Ordinal) << 8 | (uint)partitions),
            [.. Enumerable.Repeat(partition, partitions)], ImmutableSortedDictionary<string, string>.Empty));
        Publish();
    }

    public void Config(string name, string value)
    {
        _image = _image.Replay(ConfigsImage.Record(ConfigResource.Group, Group, name, value));
        Publish();
    }

    public Response Join(
        string member, string process = "p", string? instance = null, Action<Request>? with = null) =>
        Beat(member, 0, request =>
        {
            request.Topology = Topology;
            request.ProcessId = process;
            request.InstanceId = instance;
            request.RebalanceTimeoutMs = 30_000;
            Owning("")(request);
            with?.Invoke(request);
        });

    /// <summary>A heartbeat as it is sent while nothing changes.</summary>
    public Response Beat(string member, int epoch, Action<Request>? with = null, short version = 1)
    {
        var ask = new Ask<Response>();
        var request = new Request { GroupId = Group, MemberId = member, MemberEpoch = epoch };
        with?.Invoke(request);
        Shard.Run(effects =>
        {
            Shard.Coordinator.Heartbeat(request, new(version, "client", "/127.0.0.1"), ask, Shard.Now, effects);
            Messages.AddRange(effects.Messages);
        });
        return ask.Answer;
    }

    /// <summary>Says what it runs, as "0:0,1 1:2" for tasks of two subtopologies.</summary>
    public static Action<Request> Owning(string active, string standby = "") => request =>
    {
        request.ActiveTasks = Parse(active);
        request.StandbyTasks = Parse(standby);
        request.WarmupTasks = [];
    };

    public StreamsGroupDescribeResponse.DescribedGroup Describe() => Shard.Coordinator.DescribeStreamsGroup(Group);

    public string State => Describe().GroupState;

    /// <summary>The tasks of an answer in the form that <see cref="Owning"/> reads; null if it tells none.</summary>
    public static string? Active(Response response) => Text(response.ActiveTasks);

    public static string? Standby(Response response) => Text(response.StandbyTasks);

    public static int[] Statuses(Response response) =>
        [.. response.Status!.Select(status => (int)status.StatusCode).Order()];

    private static string? Text(List<Response.TaskIds>? tasks) => tasks is null ? null : string.Join(
        ' ', tasks.Select(sub => $"{sub.SubtopologyId}:{string.Join(',', sub.Partitions)}"));

    private static List<Request.TaskIds> Parse(string tasks) =>
        [.. tasks.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(sub => sub.Split(':')).Select(
            parts => new Request.TaskIds
            {
                SubtopologyId = parts[0], Partitions = [.. parts[1].Split(',').Select(int.Parse)],
            })];

    private void Publish() => Shard.Publish(_image);
}
