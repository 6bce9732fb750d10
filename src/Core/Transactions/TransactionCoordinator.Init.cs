using Millrace.Core.Coordinators;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Core.Transactions;

// Who owns a transactional id.
internal sealed partial class TransactionCoordinator
{
    /// <summary>
    /// Gives the id to whoever asks, with a higher epoch than all before, and aborts what is open. A request that names
    /// a producer goes on only if nobody else came meanwhile; asked again it gets the same answer (KIP-360).
    /// </summary>
    /// <param name="request">Whose transactional id is not empty; it names a producer id with an epoch, or
    /// none.</param>
    /// <param name="response">Is filled in.</param>
    /// <param name="newProducerId">One that nobody has; -1 as long as there is none.</param>
    /// <param name="now">The time.</param>
    /// <param name="effects">What is to be done.</param>
    /// <returns>False, with nothing decided, where it takes a new producer id and there is none.</returns>
    public bool InitProducerId(
        InitProducerIdRequest request, InitProducerIdResponse response, long newProducerId, Instant now,
        Effects effects)
    {
        var state = _states.Find(request.TransactionalId!);
        var expected = new ProducerIdAndEpoch(request.ProducerId, request.ProducerEpoch);
        var isNamed = expected.Id != NoProducerId;
        if (request.TransactionTimeoutMs <= 0 || request.TransactionTimeoutMs > settings.MaxTimeoutMs)
            return Refuse(response, ErrorCode.InvalidTransactionTimeout);
        if (state is null)
            return TryBegin(request, response, newProducerId, now, effects);
        if (isNamed && !MayGoOn(state, expected))
            return Refuse(response, ErrorCode.ProducerFenced);
        if (isNamed && state.IsOngoing && expected.Epoch != state.ProducerEpoch && expected.Epoch != LastEpoch(state))
            return Refuse(response, ErrorCode.ProducerFenced);
        if (state.IsOngoing)
            Abort(state, now, effects);
        if (state.IsOngoing || state.IsEnding)
            return Refuse(response, ErrorCode.ConcurrentTransactions);

        if (isNamed && expected.Epoch != state.ProducerEpoch)
        {
            return expected.Epoch == LastEpoch(state)
                ? Give(state, state.Producer, expected.Epoch)
                : Refuse(response, ErrorCode.ProducerFenced);
        }

        var last = isNamed ? state.ProducerEpoch : NoEpoch;
        if (!state.IsEpochExhausted)
            return Give(state, state.Producer with { Epoch = (short)(state.ProducerEpoch + 1) }, last);
        return newProducerId != NoProducerId && Give(state, new ProducerIdAndEpoch(newProducerId, 0), last);

        bool Give(TransactionState of, ProducerIdAndEpoch producer, short lastEpoch)
        {
            _lastEpochs[of.TransactionalId] = lastEpoch;
            (response.ProducerId, response.ProducerEpoch) = (producer.Id, producer.Epoch);
            TransactionRecords.Store(
                effects, of.Initialize(producer.Id, producer.Epoch, request.TransactionTimeoutMs, now));
            return true;
        }
    }

    private static bool TryBegin(
        InitProducerIdRequest request, InitProducerIdResponse response, long producerId, Instant now, Effects effects)
    {
        if (producerId == NoProducerId)
            return false;
        (response.ProducerId, response.ProducerEpoch) = (producerId, 0);
        TransactionRecords.Store(effects, new TransactionState
        {
            TransactionalId = request.TransactionalId!,
            ProducerId = producerId,
            PreviousProducerId = NoProducerId,
            NextProducerId = NoProducerId,
            ProducerEpoch = 0,
            NextProducerEpoch = NoEpoch,
            TimeoutMs = request.TransactionTimeoutMs,
            Status = TransactionStatus.Empty,
            Partitions = [],
            UpdatedAt = now,
            StartedAt = null,
            ClientTransactionVersion = 0,
        });
        return true;
    }

    /// <summary>
    /// One that has the producer id, or had it before it was used up: it may not have heard of the new one.
    /// </summary>
    private static bool MayGoOn(TransactionState state, ProducerIdAndEpoch expected) =>
        expected.Id == state.ProducerId
        || (expected.Id == state.PreviousProducerId && expected.Epoch >= short.MaxValue - 1);

    private short LastEpoch(TransactionState state) => _lastEpochs.GetValueOrDefault(state.TransactionalId, NoEpoch);

    private static bool Refuse(InitProducerIdResponse response, ErrorCode error)
    {
        TransactionErrors.Fail(response, error);
        return true;
    }
}
