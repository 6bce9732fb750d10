using Millrace.Broker.Partitions;
using Millrace.Core.Configs;
using Millrace.Core.Controller;
using Millrace.Core.Groups;
using Millrace.Core.Transactions;

namespace Millrace.Broker.Coordinators;

/// <summary>
/// The shards of the transaction coordinator, one for each partition of <c>__transaction_state</c>. The metadata
/// publisher alone sets them; readers take no lock.
/// </summary>
/// <param name="timers">Where what is due is done.</param>
/// <param name="settings">The broker's.</param>
internal sealed class TransactionCoordinators(ILoop timers, BrokerSettings settings) : ICoordinators
{
    private readonly TransactionSettings _settings = new()
    {
        MaxTimeoutMs = settings.Int("transaction.max.timeout.ms"),
        IdExpirationMs = settings.Int("transactional.id.expiration.ms"),
        ExpirationCheckIntervalMs = settings.Int("transaction.remove.expired.transaction.cleanup.interval.ms"),
    };

    private volatile CoordinatorShard<TransactionCoordinator>[] _shards = [];

    /// <summary>Hears of transactions that can't be served.</summary>
    public Action<string> Log { get; init; } = _ => { };

    /// <summary>
    /// Writes a transaction's markers with a coordinator's epoch, and calls back once when all of them are on stable
    /// storage.
    /// </summary>
    public required Action<TransactionMarkers, int, Action> WriteMarkers { get; set; }

    public string Topic => TopicName.TransactionState;

    public IReadOnlyList<CoordinatorShard<TransactionCoordinator>> Shards => _shards;

    /// <summary>The shard that keeps the transactional id; null while there is no <c>__transaction_state</c>.</summary>
    public CoordinatorShard<TransactionCoordinator>? Find(string transactionalId)
    {
        var shards = _shards;
        return shards.Length == 0 ? null : shards[GroupPartition.For(transactionalId, shards.Length)];
    }

    public void Serve(IReadOnlyList<Partition> partitions)
    {
        var shards = _shards;
        if (partitions.Count == 0)
        {
            _shards = [];
            foreach (var shard in shards)
                shard.Close();
        }
        else
        {
            _shards = [.. shards, .. partitions.Skip(shards.Length).Select(Load)];
        }
    }

    private CoordinatorShard<TransactionCoordinator> Load(Partition partition) =>
        new(partition, () => new TransactionCoordinator(_settings), timers, Log, (shard, message) =>
            Write(shard, partition.LeaderEpoch.Value, (TransactionMarkers)message));

    /// <summary>
    /// The shard hears when they are written. If it has no room to note that, it loads anew and sends them again.
    /// </summary>
    private void Write(
        CoordinatorShard<TransactionCoordinator> shard, int coordinatorEpoch, TransactionMarkers message) =>
        WriteMarkers(message, coordinatorEpoch, () =>
            shard.Run((core, now, effects) => core.CompleteTransaction(message, now, effects)));
}
