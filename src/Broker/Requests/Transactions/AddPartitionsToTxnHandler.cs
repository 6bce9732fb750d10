using Millrace.Broker.Coordinators;
using Millrace.Broker.Partitions;
using Millrace.Core.Model;
using Millrace.Core.Transactions;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Transactions;

/// <summary>
/// AddPartitionsToTxn (key 24), versions 0 to 5. Makes partitions part of a transaction: all of them, or none where one
/// does not exist.
/// </summary>
/// <remarks>
/// <para>From version 4 it is for several transactions at once and may only ask whether partitions are part of them, as
/// brokers do (KIP-890). An empty list of transactions, which Kafka never answers, ends the connection, and so does one
/// of more than 10,000, which would hold up the loop.</para>
/// </remarks>
internal sealed class AddPartitionsToTxnHandler(TransactionCoordinators coordinators, TopicPartitions topics)
    : RequestHandler<AddPartitionsToTxnRequest>
{
    private const short FirstVersionWithMany = 4;
    private const short FirstVersionWithEpochs = 5;
    private const int MostTransactions = 10_000;

    protected override void Handle(PendingRequest pending, AddPartitionsToTxnRequest request)
    {
        if (pending.Version < FirstVersionWithMany)
        {
            var asker = new TransactionalProducer(
                request.V3AndBelowTransactionalId, request.V3AndBelowProducerId, request.V3AndBelowProducerEpoch);
            Decide(pending, asker, request.V3AndBelowTopics, isVerifying: false, topics =>
                pending.Reply(new AddPartitionsToTxnResponse { ResultsByTopicV3AndBelow = topics }));
        }
        else if (request.Transactions.Count is 0 or > MostTransactions)
        {
            pending.Refuse($"AddPartitionsToTxn of {request.Transactions.Count} transactions");
        }
        else
        {
            DecideAll(pending, request.Transactions);
        }
    }

    /// <summary>The answer goes when the last of the transactions has its own.</summary>
    private void DecideAll(PendingRequest pending, List<AddPartitionsToTxnRequest.Transaction> transactions)
    {
        var response = new AddPartitionsToTxnResponse();
        var open = transactions.Count;
        foreach (var transaction in transactions)
        {
            var asker = new TransactionalProducer(
                transaction.TransactionalId, transaction.ProducerId, transaction.ProducerEpoch);
            var result = new AddPartitionsToTxnResponse.Result { TransactionalId = transaction.TransactionalId };
            response.ResultsByTransaction.Add(result);
            Decide(pending, asker, transaction.Topics, transaction.VerifyOnly, topics =>
            {
                result.TopicResults = topics;
                if (Interlocked.Decrement(ref open) == 0)
                    pending.Reply(response);
            });
        }
    }

    private void Decide(
        PendingRequest pending, TransactionalProducer asker, List<AddPartitionsToTxnRequest.Topic> wanted,
        bool isVerifying, Action<List<AddPartitionsToTxnResponse.TopicResult>> answer)
    {
        var partitions = wanted.SelectMany(
            topic => topic.Partitions, (topic, partition) => new TopicPartition(topic.Name, partition)).ToHashSet();
        var results = new AddPartitionsToTxnResponse
        {
            ResultsByTopicV3AndBelow = wanted.ConvertAll(topic => new AddPartitionsToTxnResponse.TopicResult
            {
                Name = topic.Name,
                ResultsByPartition = topic.Partitions.ConvertAll(
                    partition => new AddPartitionsToTxnResponse.PartitionResult { PartitionIndex = partition }),
            }),
        };
        if (partitions.Any(partition => topics.Find(partition.Topic, partition.Partition) is null))
        {
            Set(results, partition => topics.Find(partition.Topic, partition.Partition) is null
                ? ErrorCode.UnknownTopicOrPartition
                : ErrorCode.OperationNotAttempted);
            answer(results.ResultsByTopicV3AndBelow);
            return;
        }

        var clientVersion = pending.Version >= FirstVersionWithEpochs
            ? TransactionCoordinator.EpochsVersion
            : (short)0;
        var isServed = coordinators.Find(asker.TransactionalId)?.Run((core, now, effects) =>
        {
            if (isVerifying)
            {
                Set(results, partition => core.VerifyPartition(asker, partition));
            }
            else
            {
                var error = core.AddPartitions(asker, partitions, clientVersion, now, effects);
                Set(results, _ => FencedError.For(error, pending.Version));
            }

            effects.Reply(
                new CoordinatorRequest(_ => answer(results.ResultsByTopicV3AndBelow)), results, afterCommit: true);
        });
        if (isServed == true)
            return;
        Set(results, _ => ErrorCode.NotCoordinator);
        answer(results.ResultsByTopicV3AndBelow);
    }

    private static void Set(AddPartitionsToTxnResponse results, Func<TopicPartition, ErrorCode> error)
    {
        foreach (var topic in results.ResultsByTopicV3AndBelow)
            foreach (var partition in topic.ResultsByPartition)
                partition.PartitionErrorCode = error(new TopicPartition(topic.Name, partition.PartitionIndex));
    }
}
