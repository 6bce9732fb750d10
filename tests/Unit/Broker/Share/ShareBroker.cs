using Millrace.Broker.Coordinators;
using Millrace.Broker.Partitions;
using Millrace.Broker.Requests;
using Millrace.Broker.Share;
using Millrace.Core.Configs;
using Millrace.Core.Controller;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using Millrace.Shared.Simulated;
using Millrace.Unit.Broker.Partitions;
using Millrace.Unit.Core.Log;
using Millrace.Unit.Simulated;

namespace Millrace.Unit.Broker.Share;

/// <summary>What serves share groups, on simulated time and disk; one group that reads "orders".</summary>
internal sealed class ShareBroker
{
    public const string Group = "g";

    private readonly PartitionFixture _fixture = new();
    private readonly GroupCoordinators _groups;
    private Dictionary<ApiKey, RequestHandler> _handlers = [];

    public ShareBroker(params (string Name, string Value)[] groupConfigs)
    {
        Configs = groupConfigs.Aggregate(ConfigsImage.Empty, (configs, config) => configs.Replay(
            ConfigsImage.Record(ConfigResource.Group, Group, config.Name, config.Value)));
        _groups = new GroupCoordinators(Loop, new BrokerSettings([]), new CountedIds());
        Start();
        Connection = new SimConnection(Loop);
        Initialize(stateEpoch: 2, startOffset: 0);
    }

    public ConfigsImage Configs { get; set; }

    public SimLoop Loop => _fixture.Loop;

    public SimDisk Disk => _fixture.Disk;

    public SimConnection Connection { get; }

    public Partition Partition => _fixture.Partition;

    public Uuid Topic => _fixture.Partition.TopicId;

    public Partition States { get; private set; } = null!;

    /// <summary>Flushes nothing until it is called for.</summary>
    public bool HoldsFlushes { get; set; }

    public void Initialize(int stateEpoch, long startOffset) => Send(
        ApiKey.InitializeShareGroupState,
        0,
        new InitializeShareGroupStateRequest
        {
            GroupId = Group,
            Topics =
            [
                new()
                {
                    TopicId = Topic,
                    Partitions = [new() { StateEpoch = stateEpoch, StartOffset = startOffset }],
                },
            ],
        });

    /// <summary>Begins again with what the logs hold.</summary>
    public void Start()
    {
        var id = new TopicPartition(TopicName.ShareGroupState, 0);
        var log = PartitionLog.Open(
            Disk, id, LogSettings.Default, LogFixture.Now, new LogOpening(true, Offset.Zero, Offset.Zero));
        States = new Partition(id, new Uuid(3, 3), log, _fixture) { Unsettled = _fixture.Topics.Unsettled };
        var share = new ShareGroups(_fixture.Topics, _groups, Loop, new BrokerSettings([]), _ => { })
        {
            Configs = () => Configs,
        };
        share.Coordinators.Serve([States]);
        _handlers = share.PartitionHandlers().ToDictionary();
    }

    public void Append(params string[] values)
    {
        Partition.Append(LogFixture.Batch(values), AppendOrigin.Client, Loop.Now, null);
        Loop.RunPosted();
    }

    public PendingRequest Send(ApiKey key, short version, IMessage request, SimConnection? connection = null)
    {
        var pending = (connection ?? Connection).Send(_handlers[key], key, version, request);
        Settle();
        return pending;
    }

    public T Ask<T>(ApiKey key, short version, IMessage request)
        where T : IMessage => Connection.Answer<T>(Send(key, version, request));

    public void Settle()
    {
        for (var i = 0; i < 3; i++)
        {
            if (!HoldsFlushes)
                _fixture.Flush();
            Loop.RunPosted();
        }
    }

    public ShareFetchRequest FetchRequest(string member, int epoch, int maxWaitMs = 0) => new()
    {
        GroupId = Group,
        MemberId = member,
        ShareSessionEpoch = epoch,
        MaxWaitMs = maxWaitMs,
        MinBytes = 1,
        MaxBytes = 1 << 20,
        MaxRecords = 500,
        BatchSize = 500,
        Topics = epoch == 0 ? [new() { TopicId = Topic, Partitions = [new()] }] : [],
    };

    /// <summary>What was acquired, as text.</summary>
    public static string Text(ShareFetchResponse response) => string.Join(" ", response.Responses
        .SelectMany(topic => topic.Partitions)
        .Select(partition => partition.ErrorCode != default
            ? partition.ErrorCode.ToString()
            : string.Join(" ", partition.AcquiredRecords.Select(records =>
                $"{records.FirstOffset}-{records.LastOffset}x{records.DeliveryCount}"))));

    public string Fetch(string member, int epoch) =>
        Text(Ask<ShareFetchResponse>(ApiKey.ShareFetch, 2, FetchRequest(member, epoch)));

    public PendingRequest SendAcknowledge(string member, int epoch, long first, long last, params sbyte[] types) =>
        Send(ApiKey.ShareAcknowledge, 2, new ShareAcknowledgeRequest
        {
            GroupId = Group,
            MemberId = member,
            ShareSessionEpoch = epoch,
            Topics = types.Length == 0 ? [] : [new()
            {
                TopicId = Topic,
                Partitions = [new()
                {
                    AcknowledgementBatches =
                    [
                        new() { FirstOffset = first, LastOffset = last, AcknowledgeTypes = [.. types] },
                    ],
                }],
            }],
        });

    /// <summary>The error of the request, or else of the partition.</summary>
    public string Acknowledge(string member, int epoch, long first, long last, params sbyte[] types)
    {
        var answer = Connection.Answer<ShareAcknowledgeResponse>(SendAcknowledge(member, epoch, first, last, types));
        return (answer.ErrorCode != default ? answer.ErrorCode
            : answer.Responses.SelectMany(topic => topic.Partitions).FirstOrDefault()?.ErrorCode ?? default).ToString();
    }
}
