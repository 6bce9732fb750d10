using System.Buffers.Binary;
using System.Text;
using Millrace.Connect.Changes;
using Millrace.Connect.Postgres;

namespace Millrace.Unit.Connect;

public sealed class PgOutputDecoderTests
{
    private static readonly byte[] Update = new Bytes().Char('U').Int(7).Char('K').Short(2).Value("1").Char('n')
        .Char('N').Short(2).Value("2").Char('u').ToArray();

    private readonly PgOutputDecoder _decoder = new();

    [Fact]
    public void ReadsBeginAndCommit()
    {
        Assert.Equal(PgOutputMessage.Begin,
            _decoder.Decode(new Bytes().Char('B').Long(500).Long(1_000_000).Int(42).ToArray()));
        Assert.Equal(new Lsn(500), _decoder.CommitLsn);
        Assert.Equal(42u, _decoder.TransactionId);
        Assert.Equal(946_684_801_000_000, _decoder.CommitMicros);
        Assert.Equal(PgOutputMessage.Commit,
            _decoder.Decode(new Bytes().Char('C').Byte(0).Long(500).Long(600).Long(1_000_000).ToArray()));
        Assert.Equal(new Lsn(600), _decoder.EndLsn);
    }

    [Fact]
    public void ReadsRelation()
    {
        _decoder.Decode(new Bytes().Char('R').Int(7).Text("public").Text("t").Char('d').Short(1)
            .Byte(1).Text("id").Int(23).Int(-1).ToArray());
        Assert.Equal("public", _decoder.Relation.Schema);
        Assert.Equal(new RelationColumn("id", 23, -1, true), Assert.Single(_decoder.Relation.Columns));
    }

    [Fact]
    public void ReadsUpdateWithOldKeyAndUnchangedToast()
    {
        Assert.Equal(PgOutputMessage.Change, _decoder.Decode(Update));
        var change = _decoder.Change;
        Assert.Equal((Operation.Update, 7u, BeforeKind.Key), (change.Operation, change.RelationId, change.BeforeKind));
        Assert.Equal("1", Encoding.UTF8.GetString(change.Before.Text(0)));
        Assert.Equal("2", Encoding.UTF8.GetString(change.After.Text(0)));
        Assert.Equal(ValueKind.Null, change.Before.Kind(1));
        Assert.Equal(ValueKind.Unchanged, change.After.Kind(1));
    }

    [Fact]
    public void EveryTruncationIsAnErrorAndNothingElse()
    {
        for (var length = 0; length < Update.Length; length++)
            Assert.Throws<InvalidDataException>(() => _decoder.Decode(Update.AsMemory(0, length)));
    }

    [Fact]
    public void LengthsBeyondTheMessageAllocateNothing()
    {
        Assert.Throws<InvalidDataException>(() => _decoder.Decode(
            new Bytes().Char('T').Int(int.MaxValue).Byte(0).ToArray()));
        Assert.Throws<InvalidDataException>(() => _decoder.Decode(
            new Bytes().Char('I').Int(1).Char('N').Short(1).Char('t').Int(-5).ToArray()));
        Assert.Throws<InvalidDataException>(() => _decoder.Decode(new Bytes().Char('?').ToArray()));
    }

    private sealed class Bytes
    {
        private readonly List<byte> _bytes = [];

        public Bytes Byte(byte value)
        {
            _bytes.Add(value);
            return this;
        }

        public Bytes Char(char value) => Byte((byte)value);

        public Bytes Short(short value)
        {
            var bytes = new byte[2];
            BinaryPrimitives.WriteInt16BigEndian(bytes, value);
            _bytes.AddRange(bytes);
            return this;
        }

        public Bytes Int(int value)
        {
            var bytes = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(bytes, value);
            _bytes.AddRange(bytes);
            return this;
        }

        public Bytes Long(long value)
        {
            var bytes = new byte[8];
            BinaryPrimitives.WriteInt64BigEndian(bytes, value);
            _bytes.AddRange(bytes);
            return this;
        }

        public Bytes Text(string text)
        {
            _bytes.AddRange(Encoding.UTF8.GetBytes(text));
            return Byte(0);
        }

        public Bytes Value(string text)
        {
            Char('t').Int(text.Length);
            _bytes.AddRange(Encoding.UTF8.GetBytes(text));
            return this;
        }

        public byte[] ToArray() => [.. _bytes];
    }
}
