using Millrace.Core.Model;

namespace Millrace.Core.Transactions;

/// <summary>Where a transaction stands; the values are those in the log.</summary>
internal enum TransactionStatus : sbyte
{
    Empty = 0,
    Ongoing = 1,
    PrepareCommit = 2,
    PrepareAbort = 3,
    CompleteCommit = 4,
    CompleteAbort = 5,
    Dead = 6,
    PrepareEpochFence = 7,
}

/// <summary>
/// A transactional id, as its last record in __transaction_state tells: who may use it and what its transaction is
/// about. Ids and epochs that are not set are -1 (KIP-98, KIP-890).
/// </summary>
internal sealed record TransactionState
{
    public required string TransactionalId { get; init; }

    public required long ProducerId { get; init; }

    /// <summary>The producer id of the transaction before, if that was another one.</summary>
    public required long PreviousProducerId { get; init; }

    /// <summary>The producer id that the client was given for the time after this transaction.</summary>
    public required long NextProducerId { get; init; }

    public required short ProducerEpoch { get; init; }

    public required short NextProducerEpoch { get; init; }

    public required int TimeoutMs { get; init; }

    public required TransactionStatus Status { get; init; }

    /// <summary>Where the transaction has records, which need its marker.</summary>
    public required IReadOnlyList<TopicPartition> Partitions { get; init; }

    public required Instant UpdatedAt { get; init; }

    /// <summary>When the last transaction began; null while there was none.</summary>
    public required Instant? StartedAt { get; init; }

    /// <summary>The transaction.version by which the client works: 2 raises the epoch with every transaction.</summary>
    public required short ClientTransactionVersion { get; init; }
}
