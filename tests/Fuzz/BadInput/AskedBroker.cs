using System.Buffers.Binary;
using System.Net.Sockets;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using Millrace.Shared.Simulated;

namespace Millrace.Fuzz.BadInput;

/// <summary>A broker that rows are asked of: a simulated one, or any that listens, such as Apache Kafka.</summary>
internal sealed class AskedBroker
{
    private const int Patience = 40;
    private const int StepMs = 500;
    private const int MostMs = 8000;

    private readonly string? _host;
    private readonly int _port;

    /// <summary>The simulated broker.</summary>
    public AskedBroker() => Simulated = new FuzzedBroker(new SimDisk(), new SeededIds(new Random(1)));

    public AskedBroker(string address)
    {
        var parts = address.Split(':');
        (_host, _port) = (parts[0], int.Parse(parts[1]));
    }

    /// <summary>Null for a broker that listens.</summary>
    public FuzzedBroker? Simulated { get; }

    /// <summary>Makes what the rows take as given, unless it is there.</summary>
    public Existing Prepare()
    {
        Ask(Requests.Frame(ApiKey.CreateTopics, 7, new CreateTopicsRequest
        {
            Topics = [new() { Name = Existing.Topic, NumPartitions = 2, ReplicationFactor = 1 }],
            TimeoutMs = 10_000,
        }));
        Ask(Requests.Frame(ApiKey.FindCoordinator, 3, new FindCoordinatorRequest { Key = "g" }));
        Ask(Requests.Frame(ApiKey.FindCoordinator, 3, new FindCoordinatorRequest { Key = "t", KeyType = 1 }));
        Ask(Requests.Frame(ApiKey.FindCoordinator, 6, new FindCoordinatorRequest
        {
            KeyType = 2,
            CoordinatorKeys = [$"g:{new Uuid(7, 7)}:0"],
        }));
        Simulated?.Loop.Advance(StepMs);
        var metadata = (MetadataResponse)Ask(Requests.Frame(ApiKey.Metadata, 12, new MetadataRequest
        {
            Topics = [new() { Name = Existing.Topic }],
        }))!;
        return new Existing(metadata.Topics.Single().TopicId);
    }

    /// <summary>The error codes of the answer, as a row has them.</summary>
    public string Errors(BadRow row, Existing existing)
    {
        IMessage? answer;
        try
        {
            answer = Ask(Requests.Frame(row.Key, row.Version, row.Request(existing)));
        }
        catch (TimeoutException)
        {
            return BadRow.Silent;
        }

        return answer is null ? BadRow.Closed : Shape.Errors(answer) is { Count: > 0 } errors
            ? string.Join(' ', errors)
            : "None";
    }

    private IMessage? Ask(byte[] frame)
    {
        if (Simulated is null)
            return AskOverSocket(frame);
        var exchange = new Exchange(Simulated, frame);
        exchange.Receive();
        Simulated.Loop.RunPosted();
        for (var i = 0; i < Patience && !exchange.IsSettled; i++)
            Simulated.Loop.Advance(StepMs);
        return exchange.IsSettled ? exchange.Response : throw new TimeoutException("no answer");
    }

    private IMessage? AskOverSocket(byte[] frame)
    {
        using var client = new TcpClient(_host!, _port) { ReceiveTimeout = MostMs };
        var stream = client.GetStream();
        var size = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(size, frame.Length);
        stream.Write([.. size, .. frame]);
        if (!stream.Socket.Poll(MostMs * 1000, SelectMode.SelectRead))
            throw new TimeoutException("no answer");
        if (stream.ReadAtLeast(size, size.Length, throwOnEndOfStream: false) < size.Length)
            return null;
        var answer = new byte[BinaryPrimitives.ReadInt32BigEndian(size)];
        stream.ReadExactly(answer);
        return Read(frame, answer);
    }

    private static IMessage Read(byte[] frame, byte[] answer)
    {
        var sent = new WireReader(frame);
        var header = RequestHeader.Read(ref sent);
        using var before = new WireWriter();
        header.WriteResponse(before);
        var reader = new WireReader(answer.AsMemory(before.Length));
        var key = (ApiKey)header.ApiKey;
        var response = (IMessage)Activator.CreateInstance(
            typeof(ApiKey).Assembly.GetType($"{typeof(ApiKey).Namespace}.{key}Response", throwOnError: true)!)!;
        response.Read(ref reader, header.ApiVersion);
        return response;
    }
}
