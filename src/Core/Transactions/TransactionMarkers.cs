using Millrace.Core.Coordinators;
using Millrace.Core.Model;

namespace Millrace.Core.Transactions;

/// <summary>
/// A transaction's end is decided: its marker is to be written to every partition, and the coordinator told when all of
/// them are on stable storage.
/// </summary>
internal sealed record TransactionMarkers(
    string TransactionalId, ProducerIdAndEpoch Producer, bool IsCommit, IReadOnlyList<TopicPartition> Partitions)
    : CoordinatorMessage;
