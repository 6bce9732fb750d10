using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Millrace.Core.Coordinators;
using Millrace.Core.Model;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Transactions;

/// <summary>The records of __transaction_state: a key is an int16 type and a structure, a value an int16 version and a
/// structure. Kafka writes version 1 of the value since transaction.version 1.</summary>
internal static class TransactionRecords
{
    private const short TransactionLog = 0;

    public static void Store(Effects effects, TransactionState state) =>
        effects.Append(
            TransactionLog, new TransactionLogKey { TransactionalId = state.TransactionalId },
            TransactionLogValue.HighestVersion, Value(state));

    public static void Delete(Effects effects, string transactionalId) =>
        effects.Append(TransactionLog, new TransactionLogKey { TransactionalId = transactionalId }, 0, null);

    /// <summary>The transactional id that a record is of; null for types of records that nobody knows.</summary>
    public static string? ReadKey(ReadOnlyMemory<byte> key, StringCache strings)
    {
        if (key.Length < sizeof(short) || BinaryPrimitives.ReadInt16BigEndian(key.Span) != TransactionLog)
            return null;
        var reader = new WireReader(MemoryMarshal.AsMemory(key)[sizeof(short)..], strings);
        return reader.Struct<TransactionLogKey>(0).TransactionalId;
    }

    /// <exception cref="MalformedFrameException">The bytes or their version are not specified.</exception>
    public static TransactionState ReadValue(string id, ReadOnlyMemory<byte> bytes, StringCache strings)
    {
        var reader = new WireReader(MemoryMarshal.AsMemory(bytes), strings);
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

    private static TransactionLogValue Value(TransactionState state) => new()
    {
        ProducerId = state.ProducerId,
        PreviousProducerId = state.PreviousProducerId,
        NextProducerId = state.NextProducerId,
        ProducerEpoch = state.ProducerEpoch,
        NextProducerEpoch = state.NextProducerEpoch,
        TransactionTimeoutMs = state.TimeoutMs,
        TransactionStatus = (sbyte)state.Status,
        TransactionPartitions = state.Status == TransactionStatus.Empty
            ? null
            : [.. state.Partitions.GroupBy(partition => partition.Topic).Select(topic =>
                new TransactionLogValue.PartitionsSchema
                {
                    Topic = topic.Key,
                    PartitionIds = [.. topic.Select(partition => partition.Partition)],
                })],
        TransactionLastUpdateTimestampMs = state.UpdatedAt.Milliseconds,
        TransactionStartTimestampMs = state.StartedAt?.Milliseconds ?? -1,
        ClientTransactionVersion = state.ClientTransactionVersion,
    };
}
