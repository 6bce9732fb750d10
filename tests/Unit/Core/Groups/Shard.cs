using System.Text;
using Millrace.Core.Controller;
using Millrace.Core.Coordinators;
using Millrace.Core.Groups;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using Millrace.Unit.Simulated;

namespace Millrace.Unit.Core.Groups;

/// <summary>A request and, once it came, its answer.</summary>
internal sealed class Ask<T> : PendingReply, IAsk
    where T : class, IMessage
{
    public T? Response { get; private set; }

    public T Answer => Response ?? throw new InvalidOperationException("There is no answer yet.");

    public bool Waits => Response is null;

    public void Complete(IMessage response)
    {
        if (Response is not null)
            throw new InvalidOperationException("A request was answered twice.");
        Response = (T)response;
    }
}

internal interface IAsk
{
    void Complete(IMessage response);
}

/// <summary>
/// The shell of a coordinator with a log in memory and a clock that tests set: appends, replays, replies. While
/// <see cref="HoldsCommits"/> the log is not flushed, and <see cref="Crash"/> loses what was not.
/// </summary>
internal sealed class Shard
{
    private readonly GroupSettings _settings;
    private readonly CountedIds _ids = new();
    private readonly Effects _effects = new();
    private readonly List<(CoordinatorReply Reply, int End)> _held = [];

    public Shard(GroupSettings? settings = null)
    {
        _settings = settings ?? new GroupSettings { InitialRebalanceDelayMs = 0 };
        Coordinator = new GroupCoordinator(_settings, _ids, Image);
        Coordinator.Start(Now);
    }

    public GroupCoordinator Coordinator { get; private set; }

    public Instant Now { get; private set; } = new(1_000_000);

    /// <summary>What the coordinator knows of the cluster; <see cref="Publish"/> changes it.</summary>
    public ClusterImage Image { get; private set; } = ClusterImage.Empty;

    public List<(byte[] Key, byte[]? Value)> Log { get; } = [];

    /// <summary>What the coordinator wanted sent.</summary>
    public List<CoordinatorMessage> Messages { get; } = [];

    public int Flushed { get; private set; }

    public bool HoldsCommits { get; set; }

    /// <summary>The error of the next append.</summary>
    public ErrorCode NextAppend { get; set; }

    public Ask<JoinGroupResponse> Join(
        string group, string member = "", string protocols = "range", short version = 5, string client = "a",
        string? instance = null, string type = "consumer", int sessionMs = 30_000, int rebalanceMs = 60_000)
    {
        var ask = new Ask<JoinGroupResponse>();
        var request = new JoinGroupRequest
        {
            GroupId = group, MemberId = member, GroupInstanceId = instance, ProtocolType = type,
            SessionTimeoutMs = sessionMs, RebalanceTimeoutMs = rebalanceMs,
            Protocols = [.. protocols.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Protocol)],
        };
        Run(effects => Coordinator.Join(request, new(version, client, "/127.0.0.1"), ask, Now, effects));
        foreach (var protocol in request.Protocols)
            Scribble(protocol.Metadata);
        return ask;
    }

    public Ask<SyncGroupResponse> Sync(
        string group, string member, int generation, string assignments = "", string? instance = null,
        string? type = null, string? protocol = null)
    {
        var ask = new Ask<SyncGroupResponse>();
        var request = new SyncGroupRequest
        {
            GroupId = group, MemberId = member, GenerationId = generation, GroupInstanceId = instance,
            ProtocolType = type, ProtocolName = protocol,
            Assignments = [.. assignments.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Assignment)],
        };
        Run(effects => Coordinator.Sync(request, new(5, "", ""), ask, Now, effects));
        foreach (var assignment in request.Assignments)
            Scribble(assignment.Assignment);
        return ask;
    }

    public Ask<SyncGroupResponse> Sync(
        string group, string member, int generation, SyncGroupRequest.MemberAssignment assignment)
    {
        var ask = new Ask<SyncGroupResponse>();
        var request = new SyncGroupRequest
        {
            GroupId = group, MemberId = member, GenerationId = generation, Assignments = [assignment],
        };
        Run(effects => Coordinator.Sync(request, new(5, "", ""), ask, Now, effects));
        return ask;
    }

    public ErrorCode Heartbeat(string group, string member, int generation, string? instance = null)
    {
        var ask = new Ask<HeartbeatResponse>();
        var request = new HeartbeatRequest
        {
            GroupId = group, MemberId = member, GenerationId = generation, GroupInstanceId = instance,
        };
        Run(effects => Coordinator.Heartbeat(request, ask, Now, effects));
        return ask.Answer.ErrorCode;
    }

    /// <summary>Members as "id" or "id/instance".</summary>
    public Ask<LeaveGroupResponse> Leave(string group, params string[] members) => Leave(5, group, members);

    public Ask<LeaveGroupResponse> Leave(short version, string group, params string[] members)
    {
        var ask = new Ask<LeaveGroupResponse>();
        var request = new LeaveGroupRequest { GroupId = group };
        if (version < 3)
            request.MemberId = members[0];
        else
            request.Members = [.. members.Select(member => member.Split('/')).Select(
                parts => new LeaveGroupRequest.MemberIdentity
                {
                    MemberId = parts[0], GroupInstanceId = parts.Length > 1 ? parts[1] : null,
                })];
        Run(effects => Coordinator.Leave(request, new(version, "", ""), ask, Now, effects));
        return ask;
    }

    public ErrorCode Commit(
        string group, long offset, string member = "", int generation = -1, string topic = "t", int partition = 0,
        short version = 8, string? metadata = "", string? instance = null, Uuid topicId = default)
    {
        var ask = TryCommit(group, offset, member, generation, topic, partition, version, metadata, instance, topicId);
        return ask.Answer.Topics[0].Partitions[0].ErrorCode;
    }

    public Ask<OffsetCommitResponse> TryCommit(
        string group, long offset, string member = "", int generation = -1, string topic = "t", int partition = 0,
        short version = 8, string? metadata = "", string? instance = null, Uuid topicId = default)
    {
        var ask = new Ask<OffsetCommitResponse>();
        var request = new OffsetCommitRequest
        {
            GroupId = group, MemberId = member, GenerationIdOrMemberEpoch = generation, GroupInstanceId = instance,
            Topics = [new() { Name = topic, TopicId = topicId, Partitions = [new()
            {
                PartitionIndex = partition, CommittedOffset = offset, CommittedMetadata = metadata,
            }] }],
        };
        Run(effects => Coordinator.CommitOffsets(
            request, GroupReplies.For(request), new(version, "", ""), ask, Now, effects));
        return ask;
    }

    public long Committed(string group, string topic = "t", int partition = 0) => Coordinator.FetchOffsets(
        new() { GroupId = group, Topics = [new() { Name = topic, PartitionIndexes = [partition] }] })
        .Topics[0].Partitions[0].CommittedOffset;

    public ErrorCode Delete(string group)
    {
        var error = ErrorCode.None;
        Run(effects => error = Coordinator.Delete(group, effects));
        return error;
    }

    public string State(string group) => Coordinator.Describe(group, 6).GroupState;

    /// <summary>Lets time pass, with all that falls due on the way.</summary>
    public void Wait(long milliseconds)
    {
        var end = Now + milliseconds;
        for (var calls = 0; ; calls++)
        {
            Assert.True(calls < 10_000, "Expire asks to be called for ever.");
            var next = Instant.Never;
            Run(effects => next = Coordinator.Expire(Now, effects));
            if (next > end)
                break;
            if (next > Now)
                Now = next;
        }

        Now = end;
    }

    /// <summary>A dynamic member in a group of its own: joined, synced, stable.</summary>
    public string Alone(string group, string client = "a", string protocols = "range")
    {
        var member = Join(group, client: client, protocols: protocols).Answer.MemberId;
        var generation = Join(group, member, client: client, protocols: protocols).Answer.GenerationId;
        Assert.Equal(ErrorCode.None, Sync(group, member, generation, $"{member}=all").Answer.ErrorCode);
        return member;
    }

    /// <summary>Two members in a stable group of generation 2; the first leads.</summary>
    public (string Leader, string Follower) Pair(string group)
    {
        var leader = Alone(group);
        var follower = Join(group, client: "b").Answer.MemberId;
        var second = Join(group, follower, client: "b");
        Join(group, leader);
        Assert.Equal(leader, second.Answer.Leader);
        var waiting = Sync(group, follower, 2);
        Sync(group, leader, 2, $"{leader}=left,{follower}=right");
        Assert.Equal("right", Text(waiting.Answer.Assignment));
        return (leader, follower);
    }

    public void Publish(ClusterImage image)
    {
        Image = image;
        Run(_ => Coordinator.OnMetadata(image, Now));
    }

    public void Flush()
    {
        Flushed = Log.Count;
        foreach (var (reply, end) in _held.ToList())
            if (end <= Flushed)
            {
                _held.Remove((reply, end));
                ((IAsk)reply.Token).Complete(reply.Response);
            }
    }

    /// <summary>Loses what was not flushed and starts a new coordinator from the log.</summary>
    public void Crash()
    {
        Log.RemoveRange(Flushed, Log.Count - Flushed);
        _held.Clear();
        Coordinator = Load();
        Coordinator.Start(Now);
    }

    public GroupCoordinator Load()
    {
        var loaded = new GroupCoordinator(_settings, _ids, Image);
        foreach (var (key, value) in Log)
            loaded.Replay(key, Optional(value));
        return loaded;
    }

    public void Run(Action<Effects> call)
    {
        _effects.Clear();
        call(_effects);
        var error = NextAppend;
        if (_effects.RecordCount > 0 && error != ErrorCode.None)
        {
            NextAppend = ErrorCode.None;
            FailAppend(CoordinatorErrors.For(error));
            return;
        }

        for (var i = 0; i < _effects.RecordCount; i++)
        {
            var record = _effects.Record(i);
            Log.Add((record.Key.ToArray(), record.Value?.ToArray()));
        }

        for (var i = 0; i < _effects.RecordCount; i++)
            Coordinator.Replay(_effects.Record(i).Key, _effects.Record(i).Value);
        Messages.AddRange(_effects.Messages);
        foreach (var reply in _effects.Replies)
            if (reply.AfterCommit)
                _held.Add((reply, Log.Count));
            else
                ((IAsk)reply.Token).Complete(reply.Response);
        if (!HoldsCommits)
            Flush();
    }

    public static ReadOnlyMemory<byte>? Optional(byte[]? value) =>
        value is null ? default(ReadOnlyMemory<byte>?) : value.AsMemory();

    public static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);

    private void FailAppend(ErrorCode error)
    {
        foreach (var reply in _effects.Replies)
        {
            if (reply.AfterCommit)
                GroupErrors.Fail(reply.Response, error);
            ((IAsk)reply.Token).Complete(reply.Response);
        }

        _effects.Clear();
        Coordinator.Resign(error, _effects);
        foreach (var reply in _effects.Replies)
            ((IAsk)reply.Token).Complete(reply.Response);
        Crash();
    }

    /// <summary>"name" or "name:topic": the metadata is a consumer's subscription to the topic, or to "t".</summary>
    private static JoinGroupRequest.Protocol Protocol(string text)
    {
        var topic = text.Contains(':') ? text[(text.IndexOf(':') + 1)..] : "t";
        return new()
        {
            Name = text.Split(':')[0],
            Metadata = new byte[] { 0, 0, 0, 0, 0, 1, 0, (byte)topic.Length }
                .Concat(Encoding.UTF8.GetBytes(topic)).Concat(new byte[] { 255, 255, 255, 255 }).ToArray(),
        };
    }

    private static SyncGroupRequest.MemberAssignment Assignment(string text) => new()
    {
        MemberId = text.Split('=')[0], Assignment = Encoding.UTF8.GetBytes(text.Split('=')[1]),
    };

    /// <summary>What becomes of a request's bytes when the next frame is read.</summary>
    private static void Scribble(ReadOnlyMemory<byte> bytes) =>
        System.Runtime.InteropServices.MemoryMarshal.AsMemory(bytes).Span.Fill(0xEE);
}
