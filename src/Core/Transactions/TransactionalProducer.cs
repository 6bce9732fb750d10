using Millrace.Core.Model;

namespace Millrace.Core.Transactions;

/// <summary>Who asks something of a transaction: the transactional id, and the producer that believes to own
/// it.</summary>
internal readonly record struct TransactionalProducer(string TransactionalId, ProducerIdAndEpoch Producer)
{
    public TransactionalProducer(string transactionalId, long producerId, short producerEpoch)
        : this(transactionalId, new ProducerIdAndEpoch(producerId, producerEpoch))
    {
    }
}
