using BenchmarkDotNet.Attributes;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Micro;

/// <summary>Reading the requests and writing the responses of the hot path, one partition each.</summary>
public class CodecBenchmarks
{
    private const short ProduceVersion = 13;
    private const short FetchVersion = 18;

    private static readonly Uuid TopicId = new(1, 2);

    private readonly WireWriter _writer = new();
    private readonly StringCache _strings = new();
    private readonly ProduceResponse _produced = new()
    {
        Responses =
        [
            new() { TopicId = TopicId, PartitionResponses = [new() { BaseOffset = 1000, LogStartOffset = 0 }] },
        ],
    };
    private readonly FetchResponse _fetched = new()
    {
        Responses =
        [
            new()
            {
                TopicId = TopicId,
                Partitions = [new() { HighWatermark = 1000, Records = new RecordData(Batches.Of(16 * 1024)) }],
            },
        ],
    };
    private byte[] _produce = [];
    private byte[] _fetch = [];

    [GlobalSetup]
    public void Encode()
    {
        _produce = Encoded(ApiKey.Produce, ProduceVersion, new ProduceRequest
        {
            Acks = -1,
            TimeoutMs = 30_000,
            TopicData =
            [
                new()
                {
                    TopicId = TopicId,
                    PartitionData = [new() { Index = 3, Records = new RecordData(Batches.Of(16 * 1024)) }],
                },
            ],
        });
        _fetch = Encoded(ApiKey.Fetch, FetchVersion, new FetchRequest
        {
            MaxWaitMs = 500,
            Topics = [new() { TopicId = TopicId, Partitions = [new() { Partition = 3, PartitionMaxBytes = 1 << 20 }] }],
        });
    }

    [Benchmark]
    public ProduceRequest ReadProduceRequest() => Read<ProduceRequest>(_produce);

    [Benchmark]
    public int WriteProduceResponse() => Written(_produced, ProduceVersion);

    [Benchmark]
    public FetchRequest ReadFetchRequest() => Read<FetchRequest>(_fetch);

    [Benchmark]
    public int WriteFetchResponse16K() => Written(_fetched, FetchVersion);

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
