using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Bench.Wire;

/// <summary>What a broker answered about one batch, read without making objects.</summary>
internal readonly record struct ProduceReply(int CorrelationId, int Partition, ErrorCode Error, long BaseOffset)
{
    /// <summary>Reads a response to a request of one partition.</summary>
    public static ProduceReply Read(Memory<byte> frame, short version)
    {
        var flexible = Apis.Find((short)ApiKey.Produce)!.Value.IsFlexible(version);
        var reader = new WireReader(frame);
        var correlationId = reader.Int32();
        if (flexible)
            reader.SkipTags();
        Expect(reader.ArrayCount(flexible, allowNull: false));
        if (version >= 13)
            reader.Skip(Uuid.Size);
        else
            reader.Skip(flexible ? reader.UnsignedVarint() - 1 : (uint)reader.Int16());
        Expect(reader.ArrayCount(flexible, allowNull: false));
        return new ProduceReply(correlationId, reader.Int32(), (ErrorCode)reader.Int16(), reader.Int64());
    }

    private static void Expect(int count)
    {
        if (count != 1)
            throw new BenchException($"A response to a produced batch speaks of {count} of them.");
    }
}
