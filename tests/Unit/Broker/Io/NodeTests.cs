using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Millrace.Broker;
using Millrace.Core.Configs;
using Millrace.Core.Controller;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Broker.Io;

/// <summary>One broker, and a client that writes frames of its own.</summary>
public sealed class NodeTests : IDisposable
{
    private const int PatienceMs = 20_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-node-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_text_that_grows_when_it_is_read_closes_its_connection_and_no_other()
    {
        using var node = Start();
        using var hostile = Connect(node);
        var name = new byte[20_000];
        name.AsSpan().Fill(0xFF);
        Send(hostile, ApiKey.Metadata, 1, writer =>
        {
            writer.Int32(1);
            writer.Int16((short)name.Length);
            writer.Raw(name);
        });
        Assert.Equal(0, hostile.Receive(new byte[1]));

        using var other = Connect(node);
        Assert.Empty(Ask<MetadataResponse>(other, ApiKey.Metadata, 1, new MetadataRequest { Topics = [] }).Topics);
    }

    [Fact]
    public void A_partition_named_many_times_costs_no_more_than_its_place()
    {
        using var node = Start();
        using var client = Connect(node);
        var topic = new ProduceRequest.TopicProduceData { Name = "none" };
        for (var i = 0; i < 400_000; i++)
            topic.PartitionData.Add(new() { Index = i / 2, Records = RecordData.Null });
        var request = new ProduceRequest { Acks = 1, TopicData = { topic } };
        var answer = Ask<ProduceResponse>(client, ApiKey.Produce, 3, request);
        Assert.Equal(200_000, answer.Responses[0].PartitionResponses.Count);
    }

    [Fact]
    public void A_topic_does_not_get_the_records_of_a_former_one_of_its_name()
    {
        var partition = Path.Combine(_folder, "orders-0");
        var copy = Directory.CreateTempSubdirectory("millrace-former-").FullName;
        using (var node = Start())
        using (var client = Connect(node))
        {
            CreateTopic(client);
            Assert.Equal(ErrorCode.None, Produce(client));
            foreach (var file in Directory.EnumerateFiles(partition))
                File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
            var deleted = Ask<DeleteTopicsResponse>(client, ApiKey.DeleteTopics, 1,
                new DeleteTopicsRequest { TopicNames = ["orders"], TimeoutMs = 1000 });
            Assert.Equal(ErrorCode.None, deleted.Responses[0].ErrorCode);
        }

        // As a crash leaves it that comes after the decision is stored and before the files are gone.
        Directory.Move(copy, partition);
        using (var node = Start())
        using (var client = Connect(node))
        {
            CreateTopic(client);
            Assert.Equal(0, EndOffset(client));
        }
    }

    [Fact]
    public void A_log_that_can_not_be_closed_in_order_is_read_again()
    {
        var lines = new List<string>();
        using (var node = Start(lines.Add))
        using (var client = Connect(node))
        {
            CreateTopic(client);
            Directory.Delete(Path.Combine(_folder, "orders-0"), recursive: true);
        }

        Assert.False(File.Exists(Path.Combine(_folder, ".kafka_cleanshutdown")));
        Assert.Contains(lines, line => line.Contains("closed in order", StringComparison.Ordinal));
    }

    [Fact]
    public void A_group_whose_storage_has_failed_is_refused_and_the_broker_goes_on()
    {
        using var node = Start();
        using var client = Connect(node);
        CreateTopic(client);
        Ask<FindCoordinatorResponse>(client, ApiKey.FindCoordinator, 0, new FindCoordinatorRequest { Key = "g" });
        Directory.Delete(Path.Combine(_folder, TopicName.ConsumerOffsets + "-0"), recursive: true);
        var commit = new OffsetCommitRequest
        {
            GroupId = "g",
            GenerationIdOrMemberEpoch = -1,
            Topics = { new() { Name = "orders", Partitions = { new() { CommittedOffset = 1 } } } },
        };
        for (var i = 0; i < 3; i++)
        {
            var answer = Ask<OffsetCommitResponse>(client, ApiKey.OffsetCommit, 2, commit);
            Assert.Equal(ErrorCode.NotCoordinator, answer.Topics[0].Partitions[0].ErrorCode);
            Ask<HeartbeatResponse>(client, ApiKey.Heartbeat, 0, new HeartbeatRequest { GroupId = "g" });
        }

        Assert.Equal(ErrorCode.None, Produce(client));
    }

    [Fact]
    public void Many_large_responses_on_one_connection_all_come_in_order()
    {
        const int requests = 300;
        using var node = Start();
        using var client = Connect(node);
        CreateTopic(client);
        Assert.Equal(ErrorCode.None, Produce(client, new byte[900_000]));

        // More than the connection takes at once, both in number and in bytes, and sent before anything is read.
        for (var i = 0; i < requests; i++)
            Send(client, ApiKey.Fetch, 4, writer => FetchAll(maxBytes: 1).Write(writer, 4), i);
        for (var i = 0; i < requests; i++)
        {
            var reader = new WireReader(Receive(client, BinaryPrimitives.ReadInt32BigEndian(Receive(client, 4))));
            Assert.Equal(i, reader.Int32());
            var records = reader.Struct<FetchResponse>(4).Responses[0].Partitions[0].Records;
            Assert.InRange(records.Length, 900_000, 1_000_000);
        }
    }

    [Fact]
    public void Responses_that_wait_behind_others_come_when_those_have_gone()
    {
        using var node = Start();
        using var client = Connect(node);
        using var other = Connect(node);
        CreateTopic(client);
        var waiting = FetchAll(maxBytes: 1);
        (waiting.MaxWaitMs, waiting.MinBytes) = (PatienceMs, 1);
        Send(client, ApiKey.Fetch, 4, writer => waiting.Write(writer, 4), 0);
        Send(client, ApiKey.Metadata, 1, writer => new MetadataRequest { Topics = [] }.Write(writer, 1), 1);
        Assert.Equal(ErrorCode.None, Produce(other));

        Assert.Equal(0, BinaryPrimitives.ReadInt32BigEndian(
            Receive(client, BinaryPrimitives.ReadInt32BigEndian(Receive(client, 4)))));
        Assert.Equal(1, BinaryPrimitives.ReadInt32BigEndian(
            Receive(client, BinaryPrimitives.ReadInt32BigEndian(Receive(client, 4)))));
    }

    [Fact]
    public void Frames_of_all_sizes_in_pieces_of_all_sizes_are_answered_in_order()
    {
        using var node = Start();
        using var client = Connect(node);
        CreateTopic(client);
        var random = new Random(1);
        using var frames = new WireWriter();
        var sizes = Enumerable.Range(0, 120).Select(i => i % 10 == 0 ? random.Next(900_000) : random.Next(70_000))
            .ToList();
        for (var i = 0; i < sizes.Count; i++)
        {
            using var batch = new RecordBatchBuilder();
            batch.Append(1, [1], new byte[sizes[i]]);
            var request = ProduceRequest(batch.Build().ToArray());
            Frame(frames, ApiKey.Produce, 3, writer => request.Write(writer, 3), i);
        }

        var sending = new Thread(() =>
        {
            for (var at = 0; at < frames.Length;)
            {
                var piece = random.Next(4) == 0 ? random.Next(1, 10) : random.Next(1, 400_000);
                at += client.Send(frames.WrittenSpan.Slice(at, Math.Min(piece, frames.Length - at)));
            }
        });
        sending.Start();
        for (var i = 0; i < sizes.Count; i++)
        {
            var reader = new WireReader(Receive(client, BinaryPrimitives.ReadInt32BigEndian(Receive(client, 4))));
            Assert.Equal(i, reader.Int32());
            var answer = reader.Struct<ProduceResponse>(3).Responses[0].PartitionResponses[0];
            Assert.Equal(ErrorCode.None, answer.ErrorCode);
            Assert.Equal(i, answer.BaseOffset);
        }

        sending.Join();
        var at = 0;
        foreach (var size in sizes)
        {
            var fetch = FetchAll(maxBytes: 1);
            fetch.Topics[0].Partitions[0].FetchOffset = at++;
            var fetched = Ask<FetchResponse>(client, ApiKey.Fetch, 4, fetch).Responses[0].Partitions[0];
            Assert.Equal(RecordBatchError.None, RecordBatch.TryRead(fetched.Records.Bytes.Span, out var batch));
            Assert.InRange(batch.SizeInBytes, size, size + 200);
            Assert.Equal(fetched.Records.Length, batch.SizeInBytes);
        }
    }

    [Fact]
    public void A_fetch_that_waits_is_dropped_with_its_connection()
    {
        using var node = Start();
        using var client = Connect(node);
        using var other = Connect(node);
        CreateTopic(client);
        var waiting = FetchAll(maxBytes: 1);
        (waiting.MaxWaitMs, waiting.MinBytes) = (int.MaxValue, 1);
        Send(client, ApiKey.Fetch, 4, writer => waiting.Write(writer, 4), 0);
        Send(client, ApiKey.Metadata, 99, _ => { }, 1);
        Send(other, ApiKey.Fetch, 4, writer => waiting.Write(writer, 4), 0);
        client.Dispose();

        using var producer = Connect(node);
        Assert.Equal(ErrorCode.None, Produce(producer));
        Assert.Equal(0, BinaryPrimitives.ReadInt32BigEndian(
            Receive(other, BinaryPrimitives.ReadInt32BigEndian(Receive(other, 4)))));
    }

    private static FetchRequest FetchAll(int maxBytes) => new()
    {
        MaxBytes = maxBytes,
        Topics = { new() { Topic = "orders", Partitions = { new() { PartitionMaxBytes = maxBytes } } } },
    };

    private Node Start(Action<string>? log = null) => Node.Start(
        _folder, new IPEndPoint(IPAddress.Loopback, 0),
        new BrokerSettings([new("offsets.topic.num.partitions", "1"), new("log.segment.bytes", "1048576")]),
        log ?? (_ => { }));

    private static Socket Connect(Node node)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = PatienceMs };
        socket.Connect(node.Address);
        return socket;
    }

    private static void CreateTopic(Socket client)
    {
        var request = new CreateTopicsRequest
        {
            TimeoutMs = 1000,
            Topics = { new() { Name = "orders", NumPartitions = 1, ReplicationFactor = 1 } },
        };
        var created = Ask<CreateTopicsResponse>(client, ApiKey.CreateTopics, 2, request);
        Assert.Equal(ErrorCode.None, created.Topics[0].ErrorCode);
    }

    private static ErrorCode Produce(Socket client, byte[]? value = null)
    {
        using var batch = new RecordBatchBuilder();
        batch.Append(1, [1], value ?? [2]);
        return Ask<ProduceResponse>(client, ApiKey.Produce, 3, ProduceRequest(batch.Build().ToArray()))
            .Responses[0].PartitionResponses[0].ErrorCode;
    }

    private static ProduceRequest ProduceRequest(byte[] batch)
    {
        var partition = new ProduceRequest.PartitionProduceData { Records = new RecordData(batch) };
        var topic = new ProduceRequest.TopicProduceData { Name = "orders", PartitionData = { partition } };
        return new ProduceRequest { Acks = -1, TimeoutMs = 1000, TopicData = { topic } };
    }

    private static long EndOffset(Socket client)
    {
        var request = new ListOffsetsRequest
        {
            ReplicaId = -1,
            Topics = { new() { Name = "orders", Partitions = { new() { Timestamp = -1 } } } },
        };
        return Ask<ListOffsetsResponse>(client, ApiKey.ListOffsets, 1, request).Topics[0].Partitions[0].Offset;
    }

    private static T Ask<T>(Socket client, ApiKey api, short version, IMessage request)
        where T : IMessage, new()
    {
        Send(client, api, version, writer => request.Write(writer, version));
        var size = BinaryPrimitives.ReadInt32BigEndian(Receive(client, 4));
        var reader = new WireReader(Receive(client, size));
        reader.Int32();
        return reader.Struct<T>(version);
    }

    private static void Send(
        Socket client, ApiKey api, short version, Action<WireWriter> body, int correlationId = 1)
    {
        using var writer = new WireWriter();
        Frame(writer, api, version, body, correlationId);
        client.Send(writer.WrittenSpan);
    }

    private static void Frame(
        WireWriter writer, ApiKey api, short version, Action<WireWriter> body, int correlationId)
    {
        var start = writer.Length;
        writer.Int32(0);
        new RequestHeader((short)api, version, correlationId, "test").Write(writer);
        body(writer);
        writer.PatchInt32(start, writer.Length - start - 4);
    }

    private static byte[] Receive(Socket client, int size)
    {
        var bytes = new byte[size];
        for (var at = 0; at < size;)
        {
            var count = client.Receive(bytes.AsSpan(at));
            Assert.NotEqual(0, count);
            at += count;
        }

        return bytes;
    }
}
