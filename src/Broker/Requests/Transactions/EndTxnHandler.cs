using Millrace.Broker.Cluster;
using Millrace.Broker.Coordinators;
using Millrace.Core.Transactions;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Transactions;

/// <summary>
/// EndTxn (key 26), versions 0 to 5. Commits or aborts a transaction: answered when the decision is on stable storage;
/// the markers follow.
/// </summary>
/// <remarks>
/// <para>Version 5 raises the producer's epoch with each end and answers the new one (KIP-890). A fenced producer is
/// PRODUCER_FENCED from version 2, INVALID_PRODUCER_EPOCH before.</para>
/// </remarks>
internal sealed class EndTxnHandler(ProducerIds producerIds, TransactionCoordinators coordinators)
    : RequestHandler<EndTxnRequest>
{
    private const short FirstVersionWithEpochs = 5;

    protected override void Handle(PendingRequest pending, EndTxnRequest request) =>
        Decide(pending, request, newProducerId: -1);

    private void Decide(PendingRequest pending, EndTxnRequest request, long newProducerId)
    {
        var response = new EndTxnResponse();
        var raisesEpoch = pending.Version >= FirstVersionWithEpochs;
        var isDecided = true;
        var isServed = coordinators.Find(request.TransactionalId)?.Run((core, now, effects) =>
        {
            isDecided = core.EndTransaction(request, response, raisesEpoch, newProducerId, now, effects);
            if (isDecided)
                effects.Reply(new CoordinatorRequest(_ => Reply(pending, response)), response, afterCommit: true);
        });
        if (isServed != true)
            Refuse(pending, request.TransactionalId.Length == 0 ? ErrorCode.InvalidRequest : ErrorCode.NotCoordinator);
        else if (!isDecided)
            producerIds.Next(id =>
            {
                if (id < 0)
                    Refuse(pending, ErrorCode.NotCoordinator);
                else
                    Decide(pending, request, id);
            });
    }

    private static void Reply(PendingRequest pending, EndTxnResponse response)
    {
        response.ErrorCode = FencedError.For(response.ErrorCode, pending.Version);
        pending.Reply(response);
    }

    private static void Refuse(PendingRequest pending, ErrorCode error)
    {
        var response = new EndTxnResponse();
        TransactionErrors.Fail(response, error);
        pending.Reply(response);
    }
}
