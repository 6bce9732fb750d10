using Millrace.Core.Coordinators;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Core.Transactions;

// How a transaction ends.
internal sealed partial class TransactionCoordinator
{
    /// <summary>
    /// Decides a transaction's end, as its producer asks. From version 5 of EndTxn the epoch goes up with it, an abort
    /// is legal where nothing is open, and whoever asks again with the former epoch gets the same answer (KIP-890).
    /// </summary>
    /// <returns>False, with nothing decided, where it takes a new producer id and there is none.</returns>
    public bool EndTransaction(
        EndTxnRequest request, EndTxnResponse response, bool raisesEpoch, long newProducerId, Instant now,
        Effects effects)
    {
        var state = _states.Find(request.TransactionalId);
        var isRepeated = state is not null && raisesEpoch && IsRepeated(state, request);
        var error = CheckMayEnd(state, request, raisesEpoch, isRepeated);
        if (error != ErrorCode.None)
        {
            TransactionErrors.Fail(response, error);
            return true;
        }

        if (isRepeated || (state!.Status == Completed(request.Committed) && !raisesEpoch))
        {
            (response.ProducerId, response.ProducerEpoch) = (state!.ProducerId, state.ProducerEpoch);
            return true;
        }

        var needsId = raisesEpoch && state.IsEpochExhausted;
        if (needsId && newProducerId == NoProducerId)
            return false;
        var prepared = Prepare(
            state, request.Committed, raisesEpoch, needsId ? newProducerId : NoProducerId, now, effects);
        var next = prepared.Complete(now);
        (response.ProducerId, response.ProducerEpoch) = (next.ProducerId, next.ProducerEpoch);
        return true;
    }

    private static ErrorCode CheckMayEnd(
        TransactionState? state, EndTxnRequest request, bool raisesEpoch, bool isRepeated)
    {
        if (request.TransactionalId.Length == 0)
            return ErrorCode.InvalidRequest;
        if (state is null || (state.ProducerId != request.ProducerId && !isRepeated))
            return ErrorCode.InvalidProducerIdMapping;
        if (request.ProducerEpoch != state.ProducerEpoch && !isRepeated)
            return ErrorCode.ProducerFenced;
        if (state.IsEnding)
        {
            // With epochs the producer of this one can't be the one that ends: it has the next one already.
            return raisesEpoch && !isRepeated ? ErrorCode.ProducerFenced
                : state.Status == Prepared(request.Committed) ? ErrorCode.ConcurrentTransactions
                : ErrorCode.InvalidTxnState;
        }

        var isLegal = state.IsOngoing
            || (raisesEpoch && !isRepeated && !request.Committed)
            || (state.Status == Completed(request.Committed) && (isRepeated || !raisesEpoch));
        return isLegal ? ErrorCode.None : ErrorCode.InvalidTxnState;
    }

    /// <summary>The end of this epoch is decided already; the producer was given the next one, or a new id.</summary>
    private static bool IsRepeated(TransactionState state, EndTxnRequest request) =>
        (state.IsEnding || state.Status is TransactionStatus.CompleteCommit or TransactionStatus.CompleteAbort)
        && ((state.ProducerId == request.ProducerId && state.ProducerEpoch == request.ProducerEpoch + 1)
            || (state.PreviousProducerId == request.ProducerId && state.ProducerEpoch == 0
                && request.ProducerEpoch == short.MaxValue - 1));

    /// <summary>Ends what a producer left open; the epoch goes up, so that it is fenced.</summary>
    private void Abort(TransactionState state, Instant now, Effects effects) =>
        Prepare(state, isCommit: false, raisesEpoch: true, NoProducerId, now, effects);

    /// <summary>Where there are no partitions there are no markers: the transaction is complete at once.</summary>
    private TransactionState Prepare(
        TransactionState state, bool isCommit, bool raisesEpoch, long nextProducerId, Instant now, Effects effects)
    {
        if (raisesEpoch)
            _lastEpochs[state.TransactionalId] = state.ProducerEpoch;
        var prepared = state.Prepare(isCommit, raisesEpoch, nextProducerId, now);
        TransactionRecords.Store(effects, prepared);
        if (prepared.Partitions.Count == 0)
            TransactionRecords.Store(effects, prepared.Complete(now));
        return prepared;
    }

    private static TransactionStatus Prepared(bool isCommit) =>
        isCommit ? TransactionStatus.PrepareCommit : TransactionStatus.PrepareAbort;

    private static TransactionStatus Completed(bool isCommit) =>
        isCommit ? TransactionStatus.CompleteCommit : TransactionStatus.CompleteAbort;
}
