using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Fuzz;

/// <summary>A client that does no wrong, and must be served whatever others have sent.</summary>
internal sealed class GoodClient(FuzzedBroker broker, string name)
{
    private const int Patience = 40;
    private const int StepMs = 500;

    private FuzzedBroker _broker = broker;

    /// <summary>A topic, a record in it, the record read; a group, an offset committed, the offset read.</summary>
    public void Work()
    {
        var created = Ask<CreateTopicsResponse>(ApiKey.CreateTopics, 7, new CreateTopicsRequest
        {
            Topics = [new() { Name = name, NumPartitions = 1, ReplicationFactor = 1, Configs = Configs }],
            TimeoutMs = 10_000,
        }).Topics.Single();
        Expect("create", ErrorCode.None, created.ErrorCode);
        Produce();
        Fetch();
        FindCoordinator();
        Commit();
        FetchOffset();
    }

    /// <summary>After a restart all is there, and more can be written.</summary>
    public void WorkOn(FuzzedBroker restarted)
    {
        _broker = restarted;
        Fetch();
        FetchOffset();
        Produce();
        new GoodClient(restarted, name + "-after").Work();
    }

    /// <summary>What the broker's defaults may have been set to must not be in the way.</summary>
    private static List<CreateTopicsRequest.CreatableTopicConfig> Configs =>
    [
        new() { Name = "max.message.bytes", Value = "100000" },
        new() { Name = "cleanup.policy", Value = "delete" },
        new() { Name = "retention.ms", Value = "-1" },
    ];

    private void Produce()
    {
        using var batch = new RecordBatchBuilder();
        batch.Append(_broker.Loop.Now.Milliseconds, "key"u8, "value"u8);
        var answer = Ask<ProduceResponse>(ApiKey.Produce, 9, new ProduceRequest
        {
            Acks = -1,
            TimeoutMs = 10_000,
            TopicData =
            [
                new()
                {
                    Name = name,
                    PartitionData = [new() { Index = 0, Records = new RecordData(batch.Build().ToArray()) }],
                },
            ],
        });
        Expect("produce", ErrorCode.None, answer.Responses.Single().PartitionResponses.Single().ErrorCode);
    }

    private void Fetch()
    {
        var answer = Ask<FetchResponse>(ApiKey.Fetch, 12, new FetchRequest
        {
            MaxBytes = 100_000,
            MinBytes = 1,
            Topics =
            [
                new() { Topic = name, Partitions = [new() { FetchOffset = 0, PartitionMaxBytes = 100_000 }] },
            ],
        });
        var partition = answer.Responses.Single().Partitions.Single();
        Expect("fetch", ErrorCode.None, partition.ErrorCode);
        if (partition.Records.Length == 0)
            throw new FuzzFailureException($"{name}: what was produced can't be fetched");
    }

    /// <summary>Until there is one: the first who asks has its topic made.</summary>
    private void FindCoordinator()
    {
        var error = ErrorCode.CoordinatorNotAvailable;
        for (var i = 0; i < Patience && error == ErrorCode.CoordinatorNotAvailable; i++)
        {
            error = Ask<FindCoordinatorResponse>(
                ApiKey.FindCoordinator, 3, new FindCoordinatorRequest { Key = name }).ErrorCode;
            _broker.Loop.Advance(StepMs);
        }

        Expect("find coordinator", ErrorCode.None, error);
    }

    private void Commit()
    {
        var joined = Join("");
        if (joined.ErrorCode == ErrorCode.MemberIdRequired)
            joined = Join(joined.MemberId);
        Expect("join", ErrorCode.None, joined.ErrorCode);
        var synced = Ask<SyncGroupResponse>(ApiKey.SyncGroup, 5, new SyncGroupRequest
        {
            GroupId = name,
            GenerationId = joined.GenerationId,
            MemberId = joined.MemberId,
            ProtocolType = "consumer",
            ProtocolName = "range",
            Assignments = [new() { MemberId = joined.MemberId, Assignment = new byte[] { 1 } }],
        });
        Expect("sync", ErrorCode.None, synced.ErrorCode);
        var committed = Ask<OffsetCommitResponse>(ApiKey.OffsetCommit, 8, new OffsetCommitRequest
        {
            GroupId = name,
            GenerationIdOrMemberEpoch = joined.GenerationId,
            MemberId = joined.MemberId,
            Topics = [new() { Name = name, Partitions = [new() { CommittedOffset = 1 }] }],
        });
        Expect("commit", ErrorCode.None, committed.Topics.Single().Partitions.Single().ErrorCode);
        var left = Ask<LeaveGroupResponse>(ApiKey.LeaveGroup, 4, new LeaveGroupRequest
        {
            GroupId = name,
            Members = [new() { MemberId = joined.MemberId }],
        });
        Expect("leave", ErrorCode.None, left.ErrorCode);
    }

    private JoinGroupResponse Join(string memberId) =>
        Ask<JoinGroupResponse>(ApiKey.JoinGroup, 7, new JoinGroupRequest
        {
            GroupId = name,
            SessionTimeoutMs = 30_000,
            RebalanceTimeoutMs = 30_000,
            MemberId = memberId,
            ProtocolType = "consumer",
            Protocols = [new() { Name = "range", Metadata = new byte[] { 0 } }],
        });

    private void FetchOffset()
    {
        var answer = Ask<OffsetFetchResponse>(ApiKey.OffsetFetch, 7, new OffsetFetchRequest
        {
            GroupId = name,
            Topics = [new() { Name = name, PartitionIndexes = [0] }],
        });
        Expect("offset fetch", ErrorCode.None, answer.ErrorCode);
        if (answer.Topics.Single().Partitions.Single().CommittedOffset != 1)
            throw new FuzzFailureException($"{name}: what was committed can't be fetched");
    }

    private TResponse Ask<TResponse>(ApiKey key, short version, IMessage request)
        where TResponse : IMessage
    {
        var exchange = new Exchange(_broker, Requests.Frame(key, version, request));
        exchange.Receive();
        _broker.Loop.RunPosted();
        for (var i = 0; i < Patience && !exchange.IsSettled; i++)
            _broker.Loop.Advance(StepMs);
        return exchange.Response is TResponse response
            ? response
            : throw new FuzzFailureException($"{name}: no answer to {key}: {exchange.ClosedBecause}");
    }

    private void Expect(string what, ErrorCode expected, ErrorCode found)
    {
        if (expected != found)
            throw new FuzzFailureException($"{name}: {what} is answered with {found}");
    }
}

/// <summary>Something that must not be was seen.</summary>
internal sealed class FuzzFailureException(string message) : Exception(message);
