using Millrace.Core.Model;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Coordinators;

/// <summary>A record to append; a null value deletes the key.</summary>
internal readonly record struct CoordinatorRecord(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte>? Value);

/// <summary>
/// A response to send: at once, or <paramref name="AfterCommit"/>, when all that was appended to the partition up to
/// and including this call's records (there may be none) is committed.
/// </summary>
internal readonly record struct CoordinatorReply(PendingReply Token, IMessage Response, bool AfterCommit);

/// <summary>
/// What one or more calls of a core want done, in order: append the records as one batch, replay each of them, send the
/// replies. Owned by the shell, which clears and reuses it.
/// </summary>
/// <remarks>
/// 1. The bytes of a record live until the next <see cref="Append"/> or <see cref="Clear"/>. 2. Responses hold no bytes
/// of a request.
/// </remarks>
internal sealed class Effects : IDisposable
{
    private readonly WireWriter _bytes = new();
    private readonly List<(int Start, int KeyEnd, int ValueEnd)> _records = [];
    private readonly List<CoordinatorReply> _replies = [];
    private readonly List<CoordinatorMessage> _messages = [];

    public int RecordCount => _records.Count;

    /// <summary>Bytes of all keys and values.</summary>
    public int RecordBytes { get; private set; }

    public IReadOnlyList<CoordinatorReply> Replies => _replies;

    /// <summary>To send when all that was appended to the partition by then is committed.</summary>
    public IReadOnlyList<CoordinatorMessage> Messages => _messages;

    /// <summary>The producer of whose transaction the records are part; null where they count at once.</summary>
    public ProducerIdAndEpoch? TransactionOf { get; set; }

    public CoordinatorRecord Record(int index)
    {
        var (start, keyEnd, valueEnd) = _records[index];
        var written = _bytes.Written;
        var value = valueEnd < 0 ? default(ReadOnlyMemory<byte>?) : written[keyEnd..valueEnd];
        return new CoordinatorRecord(written[start..keyEnd], value);
    }

    public void Clear()
    {
        _bytes.Clear();
        _records.Clear();
        _replies.Clear();
        _messages.Clear();
        TransactionOf = null;
        RecordBytes = 0;
    }

    public void Dispose() => _bytes.Dispose();

    /// <summary>Adds a record: each part with the int16 that says what it is before it.</summary>
    public void Append(short type, IMessage key, short version, IMessage? value)
    {
        var start = _bytes.Length;
        _bytes.Int16(type);
        key.Write(_bytes, 0);
        var keyEnd = _bytes.Length;
        if (value is not null)
        {
            _bytes.Int16(version);
            value.Write(_bytes, version);
        }

        _records.Add((start, keyEnd, value is null ? -1 : _bytes.Length));
        RecordBytes += _bytes.Length - start;
    }

    /// <summary>Takes back the records from <paramref name="count"/> on.</summary>
    public void DropRecords(int count)
    {
        for (var i = count; i < _records.Count; i++)
            RecordBytes -= Math.Max(_records[i].KeyEnd, _records[i].ValueEnd) - _records[i].Start;
        _records.RemoveRange(count, _records.Count - count);
    }

    public void Reply(PendingReply token, IMessage response, bool afterCommit = false) =>
        _replies.Add(new CoordinatorReply(token, response, afterCommit));

    public void Send(CoordinatorMessage message) => _messages.Add(message);
}
