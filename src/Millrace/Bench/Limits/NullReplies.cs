using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Bench.Limits;

/// <summary>Answers the requests of one connection of a <see cref="NullBroker"/>; owned by its thread.</summary>
internal sealed class NullReplies(NullLog log) : IDisposable
{
    private const int NodeId = 1;
    private const long Latest = -1;

    /// <summary>The last version of each API that needs no ids of topics.</summary>
    private static readonly Dictionary<ApiKey, short> Highest = new()
    {
        [ApiKey.Produce] = 11,
        [ApiKey.Fetch] = 12,
        [ApiKey.ListOffsets] = 7,
        [ApiKey.Metadata] = 12,
        [ApiKey.ApiVersions] = 3,
        [ApiKey.CreateTopics] = 7,
        [ApiKey.DeleteTopics] = 5,
        [ApiKey.InitProducerId] = 4,
        [ApiKey.FindCoordinator] = 3,
        [ApiKey.AddPartitionsToTxn] = 3,
        [ApiKey.EndTxn] = 4,
    };

    private readonly WireWriter _writer = new();
    private readonly StringCache _strings = new();
    private CannedFetch? _fetch;

    /// <summary>Answers one request; acks=0 gets no answer.</summary>
    public void Add(Memory<byte> frame)
    {
        var reader = new WireReader(frame, _strings);
        var header = RequestHeader.Read(ref reader);
        var version = header.ApiVersion;
        switch ((ApiKey)header.ApiKey)
        {
            case ApiKey.Produce:
                var produce = reader.Struct<ProduceRequest>(version);
                var appended = Append(produce);
                if (produce.Acks != 0)
                    Write(header, appended);
                break;
            case ApiKey.Fetch:
                Fetch(header, reader.Struct<FetchRequest>(version));
                break;
            default:
                Write(header, Answer((ApiKey)header.ApiKey, ref reader, version));
                break;
        }
    }

    /// <summary>What is to be sent; valid until the next request.</summary>
    public ReadOnlySpan<byte> Take()
    {
        var written = _writer.WrittenSpan;
        _writer.Clear();
        return written;
    }

    public void Dispose() => _writer.Dispose();

    private IMessage Answer(ApiKey key, ref WireReader reader, short version) => key switch
    {
        ApiKey.ApiVersions => Versions(),
        ApiKey.Metadata => Metadata(reader.Struct<MetadataRequest>(version)),
        ApiKey.ListOffsets => Offsets(reader.Struct<ListOffsetsRequest>(version)),
        ApiKey.CreateTopics => new CreateTopicsResponse
        {
            Topics =
            [
                .. reader.Struct<CreateTopicsRequest>(version).Topics.Select(topic =>
                    new CreateTopicsResponse.CreatableTopicResult { Name = topic.Name }),
            ],
        },
        ApiKey.DeleteTopics => new DeleteTopicsResponse
        {
            Responses =
            [
                .. reader.Struct<DeleteTopicsRequest>(version).TopicNames.Select(name =>
                    new DeleteTopicsResponse.DeletableTopicResult { Name = name }),
            ],
        },
        ApiKey.InitProducerId => new InitProducerIdResponse { ProducerId = log.NewProducerId() },
        ApiKey.FindCoordinator => new FindCoordinatorResponse
        {
            NodeId = NodeId, Host = log.Address.Host, Port = log.Address.Port,
        },
        ApiKey.AddPartitionsToTxn => Added(reader.Struct<AddPartitionsToTxnRequest>(version)),
        ApiKey.EndTxn => Ended(reader.Struct<EndTxnRequest>(version)),
        _ => throw new BenchException($"The null broker knows no {key}."),
    };

    private static ApiVersionsResponse Versions() => new()
    {
        ApiKeys =
        [
            .. Highest.Select(api => new ApiVersionsResponse.ApiVersion
            {
                ApiKey = (short)api.Key, MinVersion = Apis.Find((short)api.Key)!.Value.Lowest, MaxVersion = api.Value,
            }),
        ],
    };

    private MetadataResponse Metadata(MetadataRequest request) => new()
    {
        ClusterId = "null",
        ControllerId = NodeId,
        Brokers = [new() { NodeId = NodeId, Host = log.Address.Host, Port = log.Address.Port }],
        Topics =
        [
            .. (request.Topics ?? []).Select(topic => new MetadataResponse.Topic
            {
                Name = topic.Name,
                Partitions =
                [
                    .. Enumerable.Range(0, log.Partitions).Select(index => new MetadataResponse.Partition
                    {
                        PartitionIndex = index, LeaderId = NodeId, ReplicaNodes = [NodeId], IsrNodes = [NodeId],
                    }),
                ],
            }),
        ],
    };

    private ListOffsetsResponse Offsets(ListOffsetsRequest request) => new()
    {
        Topics =
        [
            .. request.Topics.Select(topic => new ListOffsetsResponse.ListOffsetsTopicResponse
            {
                Name = topic.Name,
                Partitions =
                [
                    .. topic.Partitions.Select(partition => new ListOffsetsResponse.ListOffsetsPartitionResponse
                    {
                        PartitionIndex = partition.PartitionIndex,
                        Offset = partition.Timestamp == Latest ? log.End(topic.Name, partition.PartitionIndex) : 0,
                    }),
                ],
            }),
        ],
    };

    private AddPartitionsToTxnResponse Added(AddPartitionsToTxnRequest request)
    {
        foreach (var topic in request.V3AndBelowTopics)
        {
            foreach (var partition in topic.Partitions)
                log.AddToTransaction(request.V3AndBelowTransactionalId, topic.Name, partition);
        }

        return new AddPartitionsToTxnResponse();
    }

    private EndTxnResponse Ended(EndTxnRequest request)
    {
        log.EndTransaction(request.TransactionalId);
        return new EndTxnResponse();
    }

    private ProduceResponse Append(ProduceRequest request) => new()
    {
        Responses =
        [
            .. request.TopicData.Select(topic => new ProduceResponse.TopicProduceResponse
            {
                Name = topic.Name,
                PartitionResponses =
                [
                    .. topic.PartitionData.Select(partition => new ProduceResponse.PartitionProduceResponse
                    {
                        Index = partition.Index,
                        BaseOffset = log.Append(topic.Name, partition.Index, partition.Records.Bytes.Span),
                        LogStartOffset = 0,
                    }),
                ],
            }),
        ],
    };

    private void Fetch(RequestHeader header, FetchRequest request)
    {
        if (log.Batch is not { } batch || request.Topics.Count == 0)
            throw new BenchException("The null broker has nothing to fetch.");
        if (_fetch?.Fits(header, request) != true)
            _fetch = new CannedFetch(header, request, batch);
        _writer.Raw(_fetch.Bytes(header, request));
    }

    private void Write(RequestHeader header, IMessage answer)
    {
        var start = _writer.Length;
        _writer.Int32(0);
        header.WriteResponse(_writer);
        answer.Write(_writer, header.ApiVersion);
        _writer.PatchInt32(start, _writer.Length - start - sizeof(int));
    }
}
