using System.Diagnostics;
using Millrace.Bench.Wire;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Bench.Load;

/// <summary>
/// One fetching connection: reads its partitions in turn from their start to their end, and over again. What comes must
/// go on where the last response ended. Owned by its thread.
/// </summary>
internal sealed class FetchWorker : ILoadWorker
{
    private readonly LoadWindow _window;
    private readonly FetchOptions _options;
    private readonly TopicPartitions _topic;
    private readonly WireConnection _connection;
    private readonly WireWriter _writer = new();
    private readonly IReadOnlyList<FetchRange> _ranges;
    private readonly short _version;
    private int _sent;

    /// <param name="broker">The leader of all <paramref name="ranges"/>.</param>
    /// <param name="topic">The topic.</param>
    /// <param name="ranges">What to read.</param>
    /// <param name="options">How.</param>
    /// <param name="window">When.</param>
    public FetchWorker(
        BrokerAddress broker, TopicPartitions topic, IReadOnlyList<FetchRange> ranges, FetchOptions options,
        LoadWindow window)
    {
        _window = window;
        _options = options;
        _topic = topic;
        _ranges = ranges;
        Counters = new LoadCounters(window);
        _connection = WireConnection.Open(broker);
        _version = _connection.Version(ApiKey.Fetch);
    }

    public LoadCounters Counters { get; }

    public void Run()
    {
        while (Stopwatch.GetTimestamp() is var now && _window.MaySend(now, _options.FetchBytes))
        {
            var range = _ranges[_sent % _ranges.Count];
            Send(range);
            var frame = _connection.Receive();
            var (records, bytes) = Read(frame, range);
            Counters.Count(Stopwatch.GetTimestamp(), now, records, bytes);
            _sent++;
        }
    }

    public void Dispose()
    {
        _connection.Dispose();
        _writer.Dispose();
    }

    private void Send(FetchRange range)
    {
        var header = new RequestHeader((short)ApiKey.Fetch, _version, _sent, WireConnection.ClientId);
        WireConnection.Encode(_writer, header, new FetchRequest
        {
            MaxWaitMs = 500,
            MinBytes = 1,
            MaxBytes = _options.FetchBytes,
            Topics =
            [
                new()
                {
                    Topic = _topic.Name,
                    TopicId = _topic.Id,
                    Partitions =
                    [
                        new()
                        {
                            Partition = range.Partition,
                            FetchOffset = range.Next,
                            PartitionMaxBytes = _options.FetchBytes,
                        },
                    ],
                },
            ],
        });
        _connection.Send(_writer.WrittenSpan);
    }

    private (long Records, long Bytes) Read(Memory<byte> frame, FetchRange range)
    {
        var reader = new WireReader(frame);
        if (reader.Int32() != _sent)
            throw new BenchException($"{_connection.Address} answered another request than {_sent}.");
        if (Apis.Find((short)ApiKey.Fetch)!.Value.IsFlexible(_version))
            reader.SkipTags();
        var answer = reader.Struct<FetchResponse>(_version);
        var data = answer.Responses.FirstOrDefault()?.Partitions.FirstOrDefault();
        var error = answer.ErrorCode != ErrorCode.None ? answer.ErrorCode : data?.ErrorCode;
        if (error is not ErrorCode.None)
            throw new BenchException($"A fetch of {_topic.Name}-{range.Partition} at {range.Next}: {error}.");

        // The last batch may be cut off by the size that was asked for: it comes again, whole.
        long records = 0;
        long bytes = 0;
        foreach (var batch in RecordBatch.Enumerate(data!.Records.Bytes.Span))
        {
            range.Accept(_topic.Name, batch, _options.ChecksCrc);
            records += batch.Count;
            bytes += batch.SizeInBytes;
        }

        if (bytes == 0)
            throw new BenchException($"A fetch of {_topic.Name}-{range.Partition} at {range.Next} brought nothing.");
        range.WrapAtEnd();
        return (records, bytes);
    }
}
