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

    /// <summary>Who may use the id.</summary>
    public ProducerIdAndEpoch Producer => new(ProducerId, ProducerEpoch);

    /// <summary>The end is decided, but not everybody knows it yet.</summary>
    public bool IsEnding => Status is TransactionStatus.PrepareCommit or TransactionStatus.PrepareAbort;

    public bool IsOngoing => Status == TransactionStatus.Ongoing;

    /// <summary>The last epoch that a producer may have: the one above is for the marker that fences it.</summary>
    public bool IsEpochExhausted => ProducerEpoch >= short.MaxValue - 1;

    /// <summary>When an open transaction is aborted.</summary>
    public Instant Deadline => IsOngoing && StartedAt is { } start ? start + TimeoutMs : Instant.Never;

    /// <summary>The transaction with more partitions, begun if it was not yet.</summary>
    public TransactionState Add(IEnumerable<TopicPartition> partitions, short clientVersion, Instant now) => this with
    {
        Status = TransactionStatus.Ongoing,
        Partitions = [.. Partitions.Union(partitions)],
        StartedAt = IsOngoing ? StartedAt : now,
        UpdatedAt = now,
        ClientTransactionVersion = clientVersion,
    };

    /// <summary>
    /// The end is decided. A raised epoch, which the markers have already, fences what is late; where it is the last,
    /// the producer goes on with <paramref name="nextProducerId"/>.
    /// </summary>
    public TransactionState Prepare(bool isCommit, bool raisesEpoch, long nextProducerId, Instant now) => this with
    {
        Status = isCommit ? TransactionStatus.PrepareCommit : TransactionStatus.PrepareAbort,
        ProducerEpoch = raisesEpoch ? (short)(ProducerEpoch + 1) : ProducerEpoch,
        NextProducerId = nextProducerId,
        StartedAt = IsOngoing ? StartedAt : now,
        UpdatedAt = now,
        ClientTransactionVersion =
            raisesEpoch ? TransactionCoordinator.EpochsVersion : ClientTransactionVersion,
    };

    /// <summary>All markers are on stable storage.</summary>
    public TransactionState Complete(Instant now)
    {
        var complete = this with
        {
            Status = Status == TransactionStatus.PrepareCommit
                ? TransactionStatus.CompleteCommit
                : TransactionStatus.CompleteAbort,
            Partitions = [],
            UpdatedAt = now,
        };
        return NextProducerId < 0 ? complete : complete with
        {
            ProducerId = NextProducerId,
            PreviousProducerId = ProducerId,
            NextProducerId = -1,
            ProducerEpoch = 0,
        };
    }

    /// <summary>No transaction, and a producer that begins anew with this id and epoch.</summary>
    public TransactionState Initialize(long producerId, short epoch, int timeoutMs, Instant now) => this with
    {
        ProducerId = producerId,
        PreviousProducerId = producerId == ProducerId ? PreviousProducerId : ProducerId,
        ProducerEpoch = epoch,
        TimeoutMs = timeoutMs,
        Status = TransactionStatus.Empty,
        Partitions = [],
        UpdatedAt = now,
        StartedAt = null,
    };
}
