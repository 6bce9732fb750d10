using System.Buffers.Binary;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Cluster;

/// <summary>Kafka's numbers for the control records of the metadata quorum.</summary>
internal enum ControlRecordType : short
{
    LeaderChange = 2,
    SnapshotHeader = 3,
    SnapshotFooter = 4,
    KRaftVersion = 5,
    KRaftVoters = 6,
}

/// <summary>
/// A record of the quorum itself: its key is two int16, the key's version 0 and the type; its value begins with the
/// version that it is written in.
/// </summary>
internal static class ControlRecord
{
    private const int KeySize = 4;

    /// <exception cref="IOException">The key is none of a control record.</exception>
    public static ControlRecordType TypeOf(ReadOnlySpan<byte> key) => key.Length >= KeySize
        ? (ControlRecordType)BinaryPrimitives.ReadInt16BigEndian(key[2..])
        : throw new IOException("A control record has no type.");

    public static T Read<T>(byte[] value)
        where T : IMessage, new()
    {
        var reader = new WireReader(value);
        return reader.Struct<T>(value.Length < 2 ? (short)0 : BinaryPrimitives.ReadInt16BigEndian(value));
    }

    /// <summary>Appends a record in its version 0.</summary>
    public static void Append(RecordBatchBuilder batch, long timestamp, ControlRecordType type, IMessage record)
    {
        Span<byte> key = stackalloc byte[KeySize];
        key.Clear();
        BinaryPrimitives.WriteInt16BigEndian(key[2..], (short)type);
        using var writer = new WireWriter();
        record.Write(writer, 0);
        batch.Append(timestamp, key, writer.WrittenSpan);
    }
}
