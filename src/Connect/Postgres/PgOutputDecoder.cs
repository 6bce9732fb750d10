using System.Buffers.Binary;
using System.Text;
using Millrace.Connect.Changes;

namespace Millrace.Connect.Postgres;

/// <summary>
/// Decodes pgoutput, protocol version 1 in text form. Pure; owned by one stream. After <see cref="Decode"/> the
/// properties named by the returned kind hold the message; rows are slices of the bytes given.
/// Invariant: nothing is read past the given bytes; a malformed message is an <see cref="InvalidDataException"/>.
/// </summary>
internal sealed class PgOutputDecoder
{
    private const long MicrosFrom1970To2000 = 946_684_800_000_000;

    private ReadOnlyMemory<byte> _bytes;
    private int _at;

    public RowChange Change { get; } = new();

    public Relation Relation { get; private set; } = new(0, "", "", 'd', []);

    public IReadOnlyList<uint> Truncated { get; private set; } = [];

    /// <summary>Begin: the position of the commit record. Commit: likewise.</summary>
    public Lsn CommitLsn { get; private set; }

    /// <summary>Commit: the position after the transaction, from which the stream can be resumed.</summary>
    public Lsn EndLsn { get; private set; }

    public long CommitMicros { get; private set; }

    public uint TransactionId { get; private set; }

    public string OriginName { get; private set; } = "";

    public Lsn OriginLsn { get; private set; }

    public PgOutputMessage Decode(ReadOnlyMemory<byte> bytes)
    {
        _bytes = bytes;
        _at = 0;
        var kind = (char)Byte();
        switch (kind)
        {
            case 'B': return Begin();
            case 'C': return Commit();
            case 'R': return ReadRelation();
            case 'I' or 'U' or 'D': return ReadChange(kind);
            case 'T': return Truncate();
            case 'O': return Origin();
            case 'Y' or 'M': return PgOutputMessage.Other;
            default: throw new InvalidDataException($"unknown pgoutput message '{kind}'");
        }
    }

    private PgOutputMessage Begin()
    {
        CommitLsn = new Lsn(UInt64());
        CommitMicros = (long)UInt64() + MicrosFrom1970To2000;
        TransactionId = UInt32();
        OriginName = "";
        OriginLsn = default;
        return PgOutputMessage.Begin;
    }

    private PgOutputMessage Commit()
    {
        Byte();
        CommitLsn = new Lsn(UInt64());
        EndLsn = new Lsn(UInt64());
        CommitMicros = (long)UInt64() + MicrosFrom1970To2000;
        return PgOutputMessage.Commit;
    }

    private PgOutputMessage ReadRelation()
    {
        var id = UInt32();
        var schema = Text();
        var name = Text();
        var identity = (char)Byte();
        var columns = new RelationColumn[UInt16()];
        for (var i = 0; i < columns.Length; i++)
        {
            var inIdentity = (Byte() & 1) != 0;
            var column = Text();
            var type = UInt32();
            columns[i] = new RelationColumn(column, type, (int)UInt32(), inIdentity);
        }
        Relation = new Relation(id, schema.Length == 0 ? "pg_catalog" : schema, name, identity, columns);
        return PgOutputMessage.Relation;
    }

    private PgOutputMessage ReadChange(char kind)
    {
        Change.Operation = kind == 'I' ? Operation.Create : kind == 'U' ? Operation.Update : Operation.Delete;
        Change.RelationId = UInt32();
        Change.BeforeKind = BeforeKind.None;
        Change.Before.Reset(_bytes);
        Change.After.Reset(_bytes);
        var part = (char)Byte();
        if (part is 'K' or 'O')
        {
            Change.BeforeKind = part == 'K' ? BeforeKind.Key : BeforeKind.Full;
            ReadRow(Change.Before);
            part = kind == 'D' ? ' ' : (char)Byte();
        }
        if (part == 'N')
            ReadRow(Change.After);
        else if (kind != 'D')
            throw new InvalidDataException($"pgoutput: row expected, '{part}' found");
        return PgOutputMessage.Change;
    }

    private void ReadRow(Row row)
    {
        for (var columns = UInt16(); columns > 0; columns--)
        {
            var kind = (char)Byte();
            if (kind == 't')
            {
                var length = (int)UInt32();
                if (length < 0 || length > _bytes.Length - _at)
                    throw new InvalidDataException($"pgoutput: a value of {length} bytes is longer than its message");
                row.Add(ValueKind.Text, _at, length);
                _at += length;
            }
            else if (kind is 'n' or 'u')
            {
                row.Add(kind == 'n' ? ValueKind.Null : ValueKind.Unchanged);
            }
            else
            {
                throw new InvalidDataException($"pgoutput: unknown kind of value '{kind}'");
            }
        }
    }

    private PgOutputMessage Truncate()
    {
        var count = (int)UInt32();
        if (count < 0 || count > (_bytes.Length - _at) / sizeof(uint))
            throw new InvalidDataException($"pgoutput: truncate of {count} tables is longer than its message");
        Byte();
        var ids = new uint[count];
        for (var i = 0; i < count; i++)
            ids[i] = UInt32();
        Truncated = ids;
        return PgOutputMessage.Truncate;
    }

    private PgOutputMessage Origin()
    {
        OriginLsn = new Lsn(UInt64());
        OriginName = Text();
        return PgOutputMessage.Origin;
    }

    private byte Byte() => Take(1)[0];

    private ushort UInt16() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    private uint UInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    private ulong UInt64() => BinaryPrimitives.ReadUInt64BigEndian(Take(8));

    private string Text()
    {
        var rest = _bytes.Span[_at..];
        var length = rest.IndexOf((byte)0);
        if (length < 0)
            throw new InvalidDataException("pgoutput: text without end");
        _at += length + 1;
        return Encoding.UTF8.GetString(rest[..length]);
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (_bytes.Length - _at < count)
            throw new InvalidDataException("pgoutput: message is too short");
        var span = _bytes.Span.Slice(_at, count);
        _at += count;
        return span;
    }
}
