using System.Buffers.Binary;
using System.Collections;
using System.Text;
using Millrace.Broker.Requests;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Fuzz;

/// <summary>
/// Whole requests of every API that is served, in any version, that name what exists more often than not.
/// </summary>
internal sealed class Requests(Random random, RequestDispatcher dispatcher, Vocabulary vocabulary)
{
    private const int Deepest = 6;

    private static readonly long[] Numbers = [0, 0, 0, 1, 1, -1, -1, -2, 2, 3, 100, 5000, 30_000, 1_000_000];

    /// <summary>Among them the types of a topic's, broker's, client metrics' and group's configs.</summary>
    private static readonly sbyte[] Bytes = [-1, 0, 0, 1, 1, 2, 2, 3, 4, 5, 16, 32];

    private static readonly string[] OddNames =
        ["", ".", "..", "a/b", "\0", "é漢😀", new('x', 249), new('x', 250), new('y', short.MaxValue),
            "__consumer_offsets", "[", "*"];

    private static readonly string[] Words =
    [
        "range", "uniform", "consumer", "read_committed", "cleanup.policy", "compact", "retention.ms", "1", "-1",
        "none",
        "max.message.bytes", "user", "client-id", "producer_byte_rate", "metadata.version", "share.auto.offset.reset",
        "topic.*", "(", "group.version", "compression.type", "gzip", "segment.bytes", "earliest", "Empty", "Stable",
    ];

    public byte[] Next()
    {
        var api = dispatcher.Served[random.Next(dispatcher.Served.Count)];
        var version = (short)random.Next(api.Lowest, api.Highest + 1);
        return Frame(api.Key, version, (IMessage)Make(RequestType(api.Key), 0));
    }

    public static Type RequestType(ApiKey key) =>
        typeof(ApiKey).Assembly.GetType($"{typeof(ApiKey).Namespace}.{key}Request", throwOnError: true)!;

    public static byte[] Frame(ApiKey key, short version, IMessage request)
    {
        using var writer = new WireWriter();
        new RequestHeader((short)key, version, 7, "fuzz").Write(writer);
        request.Write(writer, version);
        return writer.WrittenSpan.ToArray();
    }

    private object Make(Type type, int depth)
    {
        var message = Activator.CreateInstance(type)!;
        foreach (var field in Shape.Fields(type))
        {
            if (field.IsNullable && random.Next(4) == 0)
                field.Property.SetValue(message, null);
            else if (random.Next(8) > 0 && Value(field, depth) is { } value)
                field.Property.SetValue(message, value);
        }

        return message;
    }

    private object? Value(Field field, int depth)
    {
        if (field.ElementType is not { } element)
            return Value(field.Name, field.Type, depth);
        var list = (IList)Activator.CreateInstance(field.Type)!;
        for (var count = depth > Deepest ? 0 : random.Next(4); count > 0; count--)
        {
            if (Value(field.Name, element, depth) is { } value)
                list.Add(value);
        }

        return list;
    }

    private object? Value(string name, Type type, int depth)
    {
        if (Shape.IsMessage(type))
            return depth > Deepest ? null : Make(type, depth + 1);
        if (random.Next(8) > 0 && vocabulary.Word(name, type) is { } word)
            return word;
        var number = Numbers[random.Next(Numbers.Length)];
        return type.IsEnum ? Enum.ToObject(type, number)
            : type == typeof(string) ? Text()
            : type == typeof(int) ? (int)number
            : type == typeof(long) ? random.Next(8) == 0 ? random.NextInt64() : number
            : type == typeof(short) ? (short)number
            : type == typeof(ushort) ? (ushort)number
            : type == typeof(sbyte) ? Bytes[random.Next(Bytes.Length)]
            : type == typeof(bool) ? random.Next(2) == 0
            : type == typeof(double) ? (double)number
            : type == typeof(Uuid) ? new Uuid((ulong)random.Next(3), (ulong)random.Next(3))
            : type == typeof(ReadOnlyMemory<byte>) ? new ReadOnlyMemory<byte>(Opaque())
            : type == typeof(RecordData) ? new RecordData(Records())
            : null;
    }

    private string Text() => random.Next(4) == 0
        ? OddNames[random.Next(OddNames.Length)]
        : Words[random.Next(Words.Length)];

    private byte[] Opaque() => random.Next(4) switch
    {
        0 => [],
        1 => Encoding.UTF8.GetBytes(Text()),
        2 => Corpus.Frames[random.Next(Corpus.Frames.Length)],
        _ => [0, 1, 0, 0, 0, 1, 0, 1, (byte)'t', 0, 0, 0, 0],
    };

    /// <summary>A batch that is what it says; or one whose CRC covers a lie.</summary>
    private byte[] Records()
    {
        if (random.Next(3) == 0)
            return (byte[])Corpus.Records[random.Next(Corpus.Records.Length)].Clone();
        using var builder = new RecordBatchBuilder { Compression = (CompressionType)random.Next(5) };
        if (random.Next(3) == 0)
        {
            builder.ProducerId = vocabulary.Word("ProducerId", typeof(long)) is long id ? id : 1;
            builder.ProducerEpoch = vocabulary.Word("ProducerEpoch", typeof(short)) is short epoch ? epoch : (short)0;
            builder.BaseSequence = random.Next(3);
            builder.IsTransactional = random.Next(2) == 0;
        }

        for (var count = random.Next(1, 4); count > 0; count--)
            builder.Append(1_700_000_000_000 + random.Next(1000), "key"u8, "value"u8);
        var batch = builder.Build().ToArray();
        if (random.Next(3) == 0)
            Lie(batch);
        return batch;
    }

    private void Lie(byte[] batch)
    {
        for (var count = random.Next(1, 4); count > 0; count--)
            batch[random.Next(Crc32CCoversFrom, batch.Length)] ^= (byte)(1 << random.Next(8));
        var crc = Crc32C.Compute(batch.AsSpan(Crc32CCoversFrom));
        BinaryPrimitives.WriteUInt32BigEndian(batch.AsSpan(Crc32CCoversFrom - sizeof(uint)), crc);
    }

    /// <summary>From the attributes on (KIP-98).</summary>
    private const int Crc32CCoversFrom = 21;
}
