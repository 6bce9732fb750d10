using System.Text;
using Confluent.Kafka;
using Millrace.Integration.Broker;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Records.Compression;
using Millrace.Protocol.Wire;
using ErrorCode = Millrace.Protocol.ErrorCode;

namespace Millrace.Integration.Faults;

/// <summary>
/// Reads what a server serves as bytes on a connection, so that every error is seen: where an offset is refused it goes
/// on at the next one, and what it gets is checked by itself.
/// </summary>
internal sealed class PartitionReader(RawConnection connection) : IDisposable
{
    private const short FetchVersion = 11;
    private const short ListOffsetsVersion = 5;
    private const short OffsetFetchVersion = 5;
    private const int FetchBytes = 1 << 20;
    private const long Earliest = -2;
    private const long Latest = -1;

    public static async Task<PartitionReader> Open(int port) => new(await RawConnection.Open(port));

    public async Task<PartitionReading> Read(TopicPartition partition)
    {
        var reading = new PartitionReading(partition);
        var start = await ListOffset(partition, Earliest);
        var end = await ListOffset(partition, Latest);
        reading.Error = start.ErrorCode != ErrorCode.None ? start.ErrorCode : end.ErrorCode;
        if (reading.Error != ErrorCode.None)
            return reading;
        reading.End = end.Offset;
        for (var offset = start.Offset; offset < reading.End;)
        {
            var fetched = await Fetch(partition, offset);
            if (fetched.ErrorCode != ErrorCode.None)
                reading.Refused[offset++] = fetched.ErrorCode;
            else if (fetched.Records.Length == 0)
                break; // the server says that there is nothing from here to the end
            else
                offset = Take(fetched.Records.Bytes.Span, offset, reading);
        }

        return reading;
    }

    /// <summary>
    /// What a group committed in each partition; -1 where nothing. Null and an error if it isn't told.
    /// </summary>
    public async Task<(List<long> Offsets, ErrorCode Error)> Committed(string group, string topic, int partitions)
    {
        var response = await Ask(ApiKey.OffsetFetch, OffsetFetchVersion, new OffsetFetchRequest
        {
            GroupId = group,
            Topics = [new() { Name = topic, PartitionIndexes = [.. Enumerable.Range(0, partitions)] }],
        }, new OffsetFetchResponse());
        return ([.. response.Topics.SelectMany(one => one.Partitions).Select(one => one.CommittedOffset)],
            response.ErrorCode);
    }

    public void Dispose() => connection.Dispose();

    private async Task<ListOffsetsResponse.ListOffsetsPartitionResponse> ListOffset(TopicPartition partition, long at)
    {
        var response = await Ask(ApiKey.ListOffsets, ListOffsetsVersion, new ListOffsetsRequest
        {
            ReplicaId = -1,
            Topics =
            [
                new()
                {
                    Name = partition.Topic,
                    Partitions = [new() { PartitionIndex = partition.Partition.Value, Timestamp = at }],
                },
            ],
        }, new ListOffsetsResponse());
        return response.Topics[0].Partitions[0];
    }

    private async Task<FetchResponse.PartitionData> Fetch(TopicPartition partition, long offset)
    {
        var response = await Ask(ApiKey.Fetch, FetchVersion, new FetchRequest
        {
            MaxBytes = FetchBytes,
            Topics =
            [
                new()
                {
                    Topic = partition.Topic,
                    Partitions =
                    [
                        new()
                        {
                            Partition = partition.Partition.Value,
                            FetchOffset = offset,
                            PartitionMaxBytes = FetchBytes,
                        },
                    ],
                },
            ],
        }, new FetchResponse());
        return response.Responses[0].Partitions[0];
    }

    private async Task<T> Ask<T>(ApiKey key, short version, IMessage request, T response)
        where T : IMessage
    {
        await connection.Send(RawConnection.Request(key, version, request));
        var answer = await connection.Answer();
        Assert.True(answer is not null, $"{key} is not answered: the server has closed the connection");
        Parse(answer, version, response);
        return response;
    }

    private static void Parse(byte[] answer, short version, IMessage response)
    {
        var reader = new WireReader(answer);
        reader.Int32(); // the correlation id
        response.Read(ref reader, version);
    }

    /// <summary>The offset behind what was fetched.</summary>
    private static long Take(ReadOnlySpan<byte> bytes, long from, PartitionReading reading)
    {
        var next = from;
        foreach (var batch in RecordBatch.Enumerate(bytes))
        {
            Assert.True(batch.IsCrcValid, $"{reading.Folder}: a batch with a wrong checksum at {batch.BaseOffset}");
            Assert.Equal(DecompressResult.Ok, Codec.TryDecompress(
                batch.Compression, batch.RecordBytes, FetchBytes, out var content));
            using (content)
            {
                foreach (var record in batch.Records(content!.Memory.Span))
                {
                    if (record.Offset >= from)
                        Assert.True(reading.Records.TryAdd(record.Offset, Describe(record)), "an offset twice");
                }
            }

            next = batch.LastOffset + 1;
        }

        Assert.True(next > from, $"{reading.Folder}: no whole batch from {from} on");
        return next;
    }

    private static string Describe(in Protocol.Records.Record record) => string.Join('|',
        record.HasKey ? Encoding.Latin1.GetString(record.Key) : null,
        record.HasValue ? Encoding.Latin1.GetString(record.Value) : null,
        record.Timestamp);
}
