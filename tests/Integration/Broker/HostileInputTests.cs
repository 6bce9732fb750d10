using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Integration.Broker;

/// <summary>
/// What no client sends. The connection that sends it is closed or answered, as Kafka does; the others do not notice.
/// </summary>
public sealed class HostileInputTests(ServerUnderAttack server) : IClassFixture<ServerUnderAttack>
{
    private const short UnknownKey = 999;

    /// <summary>Two loops at once, each with buffers of twice the most that a batch may expand to.</summary>
    private const int BombMegabytes = 128;
    private const int MostFrameBytes = 104_857_600;

    private static readonly Dictionary<string, byte[]> Closing = new()
    {
        ["size 0"] = [0, 0, 0, 0],
        ["size -1"] = [0xff, 0xff, 0xff, 0xff],
        ["the smallest size"] = [0x80, 0, 0, 0],
        ["one byte too large"] = [0x06, 0x40, 0x00, 0x01],
        ["the largest size"] = [0x7f, 0xff, 0xff, 0xff],
        ["HTTP"] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(),
        ["half a header"] = RawConnection.Frame([0, 3, 0]),
        ["client id beyond the frame"] = RawConnection.Frame([0, 3, 0, 1, 0, 0, 0, 7, 0x7f, 0xff, 1]),
        ["unknown API"] = RawConnection.Request((ApiKey)UnknownKey, 0, _ => { }),
        ["negative API"] = RawConnection.Request((ApiKey)(-1), 0, _ => { }),
        ["version too high"] = RawConnection.Request(ApiKey.Metadata, 99, new MetadataRequest()),
        ["version too low"] = RawConnection.Request(ApiKey.Fetch, 3, _ => { }),
        ["negative version"] = RawConnection.Request(ApiKey.Metadata, -1, _ => { }),
        ["no body"] = RawConnection.Request(ApiKey.Metadata, 1, _ => { }),
        ["huge array"] = RawConnection.Request(ApiKey.Metadata, 1, writer => writer.Int32(int.MaxValue)),
        ["huge compact array"] =
            RawConnection.Request(ApiKey.Metadata, 12, writer => writer.UnsignedVarint(uint.MaxValue)),
        ["huge string"] = RawConnection.Request(ApiKey.Metadata, 1, Metadata(name => name.Int16(short.MaxValue))),
        ["negative string"] = RawConnection.Request(ApiKey.Metadata, 1, Metadata(name => name.Int16(-2))),
        ["endless varint"] = RawConnection.Request(
            ApiKey.Metadata, 12, writer => writer.Raw([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
        ["huge tag"] = RawConnection.Request(
            ApiKey.Metadata, 12, writer => writer.Raw([1, 0, 0, 1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f])),
        ["huge records"] = RawConnection.Request(ApiKey.Produce, 3, HugeRecords),
    };

    public static TheoryData<string> ClosingFrames => [.. Closing.Keys];

    [Theory]
    [MemberData(nameof(ClosingFrames))]
    public Task ClosesTheConnection(string frame) => server.Withstands(async () =>
    {
        using var connection = await RawConnection.Open(server.Port);
        Assert.True(await connection.Send(RawConnection.Request(ApiKey.ApiVersions, 0, _ => { })));
        Assert.NotNull(await connection.Answer());
        await connection.Send(Closing[frame]);
        Assert.Null(await connection.Answer());
    });

    [Fact]
    public Task OnlyApiVersionsIsAnsweredInAnUnknownVersion() => server.Withstands(async () =>
    {
        var names = new ApiVersionsRequest { ClientSoftwareName = "raw", ClientSoftwareVersion = "1" };
        using var connection = await RawConnection.Open(server.Port);
        foreach (var version in new short[] { 99, -1, 4 })
        {
            await connection.Send(RawConnection.Request(ApiKey.ApiVersions, version, names));
            var answer = await connection.Answer();
            Assert.NotNull(answer);
            Assert.Equal(version == 4 ? 0 : (byte)ErrorCode.UnsupportedVersion, answer[5]);
        }
    });

    [Fact]
    public Task GarbageInManyShapes() => server.Withstands(async () =>
    {
        var random = new Random(1);
        var good = new[]
        {
            RawConnection.Request(ApiKey.Metadata, 12, new MetadataRequest { Topics = [new() { Name = "good" }] }),
            RawConnection.Request(ApiKey.Fetch, 12, Fetch("good", 1 << 20)),
            RawConnection.Request(ApiKey.Produce, 9, Produce("good", Bomb.Of(CompressionType.Zstd, 1_000))),
            RawConnection.Request(ApiKey.CreateTopics, 7, new CreateTopicsRequest { Topics = [new() { Name = "x" }] }),
        };
        for (var i = 0; i < 400; i++)
        {
            var bytes = i % 4 == 0 ? new byte[random.Next(1, 2_000)] : (byte[])good[random.Next(good.Length)].Clone();
            if (i % 4 == 0)
                random.NextBytes(bytes);
            else
                random.NextBytes(bytes.AsSpan(random.Next(4, bytes.Length)));
            using var connection = await RawConnection.Open(server.Port);
            await connection.Send(i % 4 == 1 ? bytes.AsMemory(0, random.Next(1, bytes.Length)) : bytes);
            await connection.End();
        }
    });

    [Fact]
    public Task FiveHundredConnectionsThatSendSlowly() => server.Withstands(async () =>
    {
        var announced = new byte[4 + 1_000];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(announced, MostFrameBytes);
        var connections = await Task.WhenAll(Enumerable.Range(0, 500).Select(_ => RawConnection.Open(server.Port)));
        for (var i = 0; i < 20; i++)
        {
            foreach (var connection in connections)
                Assert.True(await connection.Send(announced.AsMemory(i * 50, 50)));
        }

        await Task.WhenAll(connections.Select(connection => connection.End()));
        Array.ForEach(connections, connection => connection.Dispose());
    });

    [Fact]
    public Task FetchersThatNeverRead() => server.Withstands(async () =>
    {
        var value = new string('v', 500_000);
        await Logs.Write(server.Bootstrap, "unread", Enumerable.Repeat(value, 20));
        var fetch = RawConnection.Request(ApiKey.Fetch, 11, Fetch("unread", 1 << 20));
        var fetches = Enumerable.Repeat(fetch, 1_000).SelectMany(bytes => bytes).ToArray();
        var connections = await Task.WhenAll(
            Enumerable.Range(0, 6).Select(_ => RawConnection.Open(server.Port, receiveBuffer: 4_096)));
        Array.ForEach(connections, connection => connection.SendSome(fetches));
        using var other = await RawConnection.Open(server.Port);
        for (var i = 0; i < 50; i++)
        {
            Assert.True(await other.Send(fetch));
            Assert.True((await other.Answer())!.Length > value.Length);
        }

        Array.ForEach(connections, connection => connection.Dispose());
    });

    [Fact]
    public Task ManyEmptyElements() => server.Withstands(async () =>
    {
        var request = RawConnection.Request(ApiKey.Metadata, 1, writer =>
        {
            writer.Int32(100_000);
            writer.Raw(new byte[2 * 100_000]);
        });
        for (var i = 0; i < 5; i++)
        {
            using var connection = await RawConnection.Open(server.Port);
            await connection.Send(request);
            Assert.NotNull(await connection.Answer());
        }
    });

    [Theory]
    [InlineData(CompressionType.Zstd)]
    [InlineData(CompressionType.Gzip)]
    public async Task DecompressionBombs(CompressionType codec)
    {
        var topic = $"bombed-{codec}";
        await Logs.Write(server.Bootstrap, topic, "value");
        var bomb = Bomb.Of(codec, 1_000_000_000);
        Assert.InRange(bomb.Length, 1, 1_048_588);
        var request = RawConnection.Request(ApiKey.Produce, 9, Produce(topic, bomb));
        await server.Withstands(() => Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Throw(request))), BombMegabytes);
        Assert.Equal([["value"]], Logs.Values(server.Bootstrap, topic));
    }

    private async Task Throw(byte[] bomb)
    {
        using var connection = await RawConnection.Open(server.Port);
        for (var i = 0; i < 3; i++)
        {
            Assert.True(await connection.Send(bomb));
            var answer = await connection.Answer();
            Assert.NotNull(answer);
            Assert.Equal(ErrorCode.MessageTooLarge, ProduceError(answer));
        }
    }

    private static ErrorCode ProduceError(byte[] answer)
    {
        var reader = new WireReader(answer);
        reader.Skip(5);
        var response = new ProduceResponse();
        response.Read(ref reader, 9);
        return response.Responses[0].PartitionResponses[0].ErrorCode;
    }

    private static FetchRequest Fetch(string topic, int bytes) => new()
    {
        MaxBytes = bytes,
        Topics = [new() { Topic = topic, Partitions = [new() { PartitionMaxBytes = bytes }] }],
    };

    private static ProduceRequest Produce(string topic, byte[] batch) => new()
    {
        Acks = -1,
        TimeoutMs = 1_000,
        TopicData = [new() { Name = topic, PartitionData = [new() { Records = new RecordData(batch) }] }],
    };

    private static Action<WireWriter> Metadata(Action<WireWriter> name) => writer =>
    {
        writer.Int32(1);
        name(writer);
    };

    private static void HugeRecords(WireWriter writer)
    {
        writer.Int16(-1); // no transactional id
        writer.Int16(-1); // acks
        writer.Int32(1_000); // timeout
        writer.Int32(1);
        writer.String("good", flexible: false);
        writer.Int32(1);
        writer.Int32(0); // partition
        writer.Int32(int.MaxValue); // bytes of records
    }
}
