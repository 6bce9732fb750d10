using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Bench.Wire;

/// <summary>What a broker answered to a fetch of one partition, read without making objects; the records stay in the
/// frame.</summary>
internal readonly record struct FetchReply(int CorrelationId, ErrorCode Error, ReadOnlyMemory<byte> Records)
{
    /// <summary>Reads a response in version 4 or later.</summary>
    public static FetchReply Read(Memory<byte> frame, short version)
    {
        var flexible = Apis.Find((short)ApiKey.Fetch)!.Value.IsFlexible(version);
        var reader = new WireReader(frame);
        var correlationId = reader.Int32();
        if (flexible)
            reader.SkipTags();
        reader.Skip(sizeof(int)); // throttled for
        if (version >= 7)
        {
            var error = (ErrorCode)reader.Int16();
            if (error != ErrorCode.None)
                return new FetchReply(correlationId, error, default);
            reader.Skip(sizeof(int)); // session
        }

        if (reader.ArrayCount(flexible, allowNull: false) != 1)
            throw new BenchException("A response to a fetch speaks of another number of topics than one.");
        if (version >= 13)
            reader.Skip(Uuid.Size);
        else
            reader.Skip(flexible ? reader.UnsignedVarint() - 1 : (uint)reader.Int16());
        if (reader.ArrayCount(flexible, allowNull: false) != 1)
            throw new BenchException("A response to a fetch speaks of another number of partitions than one.");
        return Partition(ref reader, correlationId, version, flexible);
    }

    private static FetchReply Partition(ref WireReader reader, int correlationId, short version, bool flexible)
    {
        reader.Skip(sizeof(int)); // index
        var error = (ErrorCode)reader.Int16();
        reader.Skip(2 * sizeof(long)); // high watermark, last stable offset
        if (version >= 5)
            reader.Skip(sizeof(long)); // log start
        for (var aborted = reader.ArrayCount(flexible, allowNull: true); aborted > 0; aborted--)
        {
            reader.Skip(2 * sizeof(long));
            if (flexible)
                reader.SkipTags();
        }

        if (version >= 11)
            reader.Skip(sizeof(int)); // preferred replica
        return new FetchReply(correlationId, error, reader.Records(flexible, allowNull: true).Bytes);
    }
}
