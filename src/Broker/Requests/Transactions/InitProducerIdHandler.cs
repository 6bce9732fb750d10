using Millrace.Broker.Cluster;
using Millrace.Broker.Coordinators;
using Millrace.Core.Transactions;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Transactions;

/// <summary>
/// InitProducerId (key 22), versions 0 to 5. Gives an idempotent producer a new id, whatever it had before; gives a
/// transactional one its id with a higher epoch, which fences all before it.
/// </summary>
/// <remarks>
/// <para>From version 3 a producer may name its id and epoch to go on after an error (KIP-360). Where a transaction is
/// open it is aborted, and the client told CONCURRENT_TRANSACTIONS until that is done. A fenced producer is
/// PRODUCER_FENCED from version 4, INVALID_PRODUCER_EPOCH before.</para>
/// </remarks>
internal sealed class InitProducerIdHandler(ProducerIds producerIds, TransactionCoordinators coordinators)
    : RequestHandler<InitProducerIdRequest>
{
    private const short FirstVersionWithFenced = 4;

    protected override void Handle(PendingRequest pending, InitProducerIdRequest request)
    {
        if (request.ProducerId < 0 != request.ProducerEpoch < 0 || request.TransactionalId is "")
            Refuse(pending, ErrorCode.InvalidRequest);
        else if (request.TransactionalId is null)
            producerIds.Next(id =>
            {
                if (id < 0)
                    Refuse(pending, ErrorCode.KafkaStorageError);
                else
                    pending.Reply(new InitProducerIdResponse { ProducerId = id, ProducerEpoch = 0 });
            });
        else
            Decide(pending, request, newProducerId: -1);
    }

    private void Decide(PendingRequest pending, InitProducerIdRequest request, long newProducerId)
    {
        var response = new InitProducerIdResponse();
        var isDecided = true;
        var isServed = coordinators.Find(request.TransactionalId!)?.Run((core, now, effects) =>
        {
            isDecided = core.InitProducerId(request, response, newProducerId, now, effects);
            if (isDecided)
                effects.Reply(new CoordinatorRequest(_ => Reply(pending, response)), response, afterCommit: true);
        });
        if (isServed != true)
            Refuse(pending, ErrorCode.NotCoordinator);
        else if (!isDecided)
            producerIds.Next(id =>
            {
                if (id < 0)
                    Refuse(pending, ErrorCode.NotCoordinator);
                else
                    Decide(pending, request, id);
            });
    }

    private static void Reply(PendingRequest pending, InitProducerIdResponse response)
    {
        if (response.ErrorCode == ErrorCode.ProducerFenced && pending.Version < FirstVersionWithFenced)
            response.ErrorCode = ErrorCode.InvalidProducerEpoch;
        pending.Reply(response);
    }

    private static void Refuse(PendingRequest pending, ErrorCode error)
    {
        var response = new InitProducerIdResponse();
        TransactionErrors.Fail(response, error);
        pending.Reply(response);
    }
}
