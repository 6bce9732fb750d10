using Millrace.Protocol;

namespace Millrace.Broker.Requests.Transactions;

/// <summary>AddPartitionsToTxn, AddOffsetsToTxn and EndTxn know PRODUCER_FENCED from version 2 on (KIP-588).</summary>
internal static class FencedError
{
    private const short FirstVersion = 2;

    public static ErrorCode For(ErrorCode error, short version) =>
        error == ErrorCode.ProducerFenced && version < FirstVersion ? ErrorCode.InvalidProducerEpoch : error;
}
