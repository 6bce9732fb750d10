using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Millrace.Core.Model;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Transactions;

/// <summary>
/// The transactional ids that fall to one partition of __transaction_state. Only <see cref="Replay"/> changes them;
/// a record replaces what the one before said of its id.
/// </summary>
internal sealed class TransactionStates
{
    private const short TransactionLog = 0;

    private readonly Dictionary<string, TransactionState> _states = [];
    private readonly StringCache _strings = new();

    public IReadOnlyCollection<TransactionState> All => _states.Values;

    public TransactionState? Find(string transactionalId) => _states.GetValueOrDefault(transactionalId);

    /// <summary>Applies one record. Types of records that nobody knows are passed over.</summary>
    /// <exception cref="MalformedFrameException">The record does not follow its specification.</exception>
    public void Replay(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte>? value)
    {
        if (key.Length < sizeof(short) || BinaryPrimitives.ReadInt16BigEndian(key.Span) != TransactionLog)
            return;
        var reader = new WireReader(MemoryMarshal.AsMemory(key)[sizeof(short)..], _strings);
        var id = reader.Struct<TransactionLogKey>(0).TransactionalId;
        if (value is { } bytes)
            _states[id] = Read(id, bytes);
        else
            _states.Remove(id);
    }

    private TransactionState Read(string id, ReadOnlyMemory<byte> bytes)
    {
        var reader = new WireReader(MemoryMarshal.AsMemory(bytes), _strings);
        var version = reader.Int16();
        if (version is < 0 or > TransactionLogValue.HighestVersion)
            throw new MalformedFrameException($"A transaction record has the unknown version {version}.");
        var value = reader.Struct<TransactionLogValue>(version);
        var status = (TransactionStatus)value.TransactionStatus;
        if (!Enum.IsDefined(status))
            throw new MalformedFrameException($"A transaction has the unknown status {value.TransactionStatus}.");
        return new TransactionState
        {
            TransactionalId = id,
            ProducerId = value.ProducerId,
            PreviousProducerId = value.PreviousProducerId,
            NextProducerId = value.NextProducerId,
            ProducerEpoch = value.ProducerEpoch,
            NextProducerEpoch = value.NextProducerEpoch,
            TimeoutMs = value.TransactionTimeoutMs,
            Status = status,
            Partitions = [.. from topic in value.TransactionPartitions ?? []
                             from partition in topic.PartitionIds
                             select new TopicPartition(topic.Topic, partition)],
            UpdatedAt = new Instant(value.TransactionLastUpdateTimestampMs),
            StartedAt = value.TransactionStartTimestampMs < 0 ? null : new Instant(value.TransactionStartTimestampMs),
            ClientTransactionVersion = value.ClientTransactionVersion,
        };
    }
}
