using Millrace.Broker.Cluster;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests;

/// <summary>
/// InitProducerId (key 22), versions 0 to 5. Gives an idempotent producer a new id, whatever it had before.
/// </summary>
/// <remarks>
/// <para>Known gap: transactional ids are answered with COORDINATOR_NOT_AVAILABLE until the transaction coordinator
/// exists; the empty one is INVALID_REQUEST.</para>
/// </remarks>
internal sealed class InitProducerIdHandler(ProducerIds producerIds) : RequestHandler<InitProducerIdRequest>
{
    protected override void Handle(PendingRequest pending, InitProducerIdRequest request)
    {
        if (request.TransactionalId is null)
            producerIds.Next(id => pending.Reply(id < 0
                ? Refused(ErrorCode.KafkaStorageError)
                : new InitProducerIdResponse { ProducerId = id, ProducerEpoch = 0 }));
        else
            pending.Reply(Refused(request.TransactionalId.Length == 0
                ? ErrorCode.InvalidRequest
                : ErrorCode.CoordinatorNotAvailable));
    }

    private static InitProducerIdResponse Refused(ErrorCode error) => new() { ErrorCode = error, ProducerEpoch = -1 };
}
