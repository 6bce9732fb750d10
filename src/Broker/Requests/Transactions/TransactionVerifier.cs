using Millrace.Broker.Coordinators;
using Millrace.Core.Model;
using Millrace.Core.Transactions;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Transactions;

/// <summary>
/// Sees to it that partitions are part of a transaction before records of it are written there (KIP-890): otherwise
/// nobody would ever end it there.
/// </summary>
/// <remarks>
/// <para>1. What is written under <c>use</c> is followed by the transaction's marker: that the partition is part of the
/// transaction is on stable storage, and its end is not decided before <c>use</c> returns. 2. While the former
/// transaction is being ended the question is put again, for a while.</para>
/// </remarks>
internal sealed class TransactionVerifier(TransactionCoordinators coordinators)
{
    private const int RetryMs = 5;
    private const int LongestWaitMs = 1_000;

    /// <summary>Asks about partitions, or adds them, then calls <paramref name="use"/> once.</summary>
    /// <param name="loop">Where <paramref name="use"/> is called, later.</param>
    /// <param name="asker">The producer.</param>
    /// <param name="partitions">They exist.</param>
    /// <param name="adds">Whether to add those that are not part of the transaction.</param>
    /// <param name="use">Gets the error of each partition. It runs under the shard's lock: it must not answer.</param>
    public void Verify(
        ILoop loop, TransactionalProducer asker, IReadOnlyCollection<TopicPartition> partitions, bool adds,
        Action<Func<TopicPartition, ErrorCode>> use)
    {
        var deadline = loop.Steady + LongestWaitMs;
        Ask();

        void Ask()
        {
            var response = new AddOffsetsToTxnResponse();
            var isServed = coordinators.Find(asker.TransactionalId)?.Run((core, now, effects) =>
            {
                if (adds)
                    response.ErrorCode = core.AddPartitions(
                        asker, partitions, TransactionCoordinator.EpochsVersion, now, effects);
                effects.Reply(
                    new CoordinatorRequest(_ => loop.Post(() => Use(response.ErrorCode))), response, afterCommit: true);
            });
            if (isServed != true)
                loop.Post(() => use(_ => ErrorCode.CoordinatorNotAvailable));
        }

        void Use(ErrorCode error)
        {
            var isUsed = false;
            var isServed = error != ErrorCode.None || coordinators.Find(asker.TransactionalId)?.Read(core =>
            {
                error = core.VerifyPartition(asker, partitions.First());
                isUsed = error != ErrorCode.ConcurrentTransactions;
                if (isUsed)
                    use(partition => core.VerifyPartition(asker, partition));
                return core;
            }) is not null;
            if (isUsed)
                return;
            if (isServed && error == ErrorCode.ConcurrentTransactions && loop.Steady < deadline)
                loop.Schedule(loop.Steady + RetryMs, Ask);
            else
                use(_ => isServed ? error : ErrorCode.NotCoordinator);
        }
    }
}
