using Millrace.Broker.Coordinators;
using Millrace.Core.Model;
using Millrace.Core.Transactions;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Transactions;

/// <summary>
/// AddOffsetsToTxn (key 25), versions 0 to 4. Makes the partition that keeps a group's offsets part of the transaction.
/// </summary>
internal sealed class AddOffsetsToTxnHandler(TransactionCoordinators coordinators, GroupCoordinators groups)
    : RequestHandler<AddOffsetsToTxnRequest>
{
    protected override void Handle(PendingRequest pending, AddOffsetsToTxnRequest request)
    {
        var response = new AddOffsetsToTxnResponse();
        var asker = new TransactionalProducer(request.TransactionalId, request.ProducerId, request.ProducerEpoch);
        if (groups.PartitionOf(request.GroupId) is not { } partition)
        {
            response.ErrorCode = ErrorCode.CoordinatorNotAvailable;
            pending.Reply(response);
            return;
        }

        var isServed = coordinators.Find(request.TransactionalId)?.Run((core, now, effects) =>
        {
            response.ErrorCode = core.AddPartitions(
                asker, [new TopicPartition(groups.Topic, partition)], clientVersion: 0, now, effects);
            effects.Reply(new CoordinatorRequest(_ => Reply(pending, response)), response, afterCommit: true);
        });
        if (isServed == true)
            return;
        response.ErrorCode =
            request.TransactionalId.Length == 0 ? ErrorCode.InvalidRequest : ErrorCode.NotCoordinator;
        pending.Reply(response);
    }

    private static void Reply(PendingRequest pending, AddOffsetsToTxnResponse response)
    {
        response.ErrorCode = FencedError.For(response.ErrorCode, pending.Version);
        pending.Reply(response);
    }
}
