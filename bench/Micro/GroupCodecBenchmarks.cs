using BenchmarkDotNet.Attributes;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Micro;

/// <summary>Reading the requests and writing the responses that consumers send again and again.</summary>
public class GroupCodecBenchmarks
{
    private const string Group = "group";
    private const string Member = "member-5f0a3c1e";
    private static readonly Uuid TopicId = new(1, 2);

    private readonly WireWriter _writer = new();
    private readonly StringCache _strings = new();
    private readonly OffsetCommitResponse _committed = new()
    {
        Topics = [new() { TopicId = TopicId, Partitions = [new() { PartitionIndex = 3 }] }],
    };
    private readonly HeartbeatResponse _alive = new();
    private readonly MetadataResponse _metadata = new()
    {
        ClusterId = "cluster",
        Brokers = [new() { NodeId = 1, Host = "127.0.0.1", Port = 9092 }],
        Topics =
        [
            new()
            {
                Name = "topic",
                TopicId = TopicId,
                Partitions = [new() { LeaderId = 1, LeaderEpoch = 0, ReplicaNodes = [1], IsrNodes = [1] }],
            },
        ],
    };
    private byte[] _commit = [];
    private byte[] _heartbeat = [];
    private byte[] _ask = [];

    [GlobalSetup]
    public void Encode()
    {
        _commit = Encoded(ApiKey.OffsetCommit, OffsetCommitRequest.HighestVersion, new OffsetCommitRequest
        {
            GroupId = Group,
            MemberId = Member,
            GenerationIdOrMemberEpoch = 1,
            Topics = [new() { TopicId = TopicId, Partitions = [new() { PartitionIndex = 3, CommittedOffset = 9 }] }],
        });
        _heartbeat = Encoded(ApiKey.Heartbeat, HeartbeatRequest.HighestVersion, new HeartbeatRequest
        {
            GroupId = Group, MemberId = Member, GenerationId = 1,
        });
        _ask = Encoded(ApiKey.Metadata, MetadataRequest.HighestVersion, new MetadataRequest
        {
            Topics = [new() { Name = "topic" }],
        });
    }

    [Benchmark]
    public OffsetCommitRequest ReadOffsetCommitRequest() => Read<OffsetCommitRequest>(_commit);

    [Benchmark]
    public int WriteOffsetCommitResponse() => Written(_committed, OffsetCommitResponse.HighestVersion);

    [Benchmark]
    public HeartbeatRequest ReadHeartbeatRequest() => Read<HeartbeatRequest>(_heartbeat);

    [Benchmark]
    public int WriteHeartbeatResponse() => Written(_alive, HeartbeatResponse.HighestVersion);

    [Benchmark]
    public MetadataRequest ReadMetadataRequest() => Read<MetadataRequest>(_ask);

    [Benchmark]
    public int WriteMetadataResponse() => Written(_metadata, MetadataResponse.HighestVersion);

    private byte[] Encoded(ApiKey key, short version, IMessage message)
    {
        _writer.Clear();
        new RequestHeader((short)key, version, 1, "micro").Write(_writer);
        message.Write(_writer, version);
        return _writer.WrittenSpan.ToArray();
    }

    private T Read<T>(byte[] frame)
        where T : IMessage, new()
    {
        var reader = new WireReader(frame, _strings);
        var header = RequestHeader.Read(ref reader);
        return reader.Struct<T>(header.ApiVersion);
    }

    private int Written(IMessage message, short version)
    {
        _writer.Clear();
        message.Write(_writer, version);
        return _writer.Length;
    }
}
