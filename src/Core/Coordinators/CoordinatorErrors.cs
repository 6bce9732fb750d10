using Millrace.Protocol;

namespace Millrace.Core.Coordinators;

/// <summary>What clients of a coordinator are told when its partition fails.</summary>
internal static class CoordinatorErrors
{
    /// <summary>What a client is told when an append fails: mostly to try again.</summary>
    public static ErrorCode For(ErrorCode append) => append switch
    {
        ErrorCode.UnknownTopicOrPartition or ErrorCode.NotEnoughReplicas or ErrorCode.NotEnoughReplicasAfterAppend
            or ErrorCode.RequestTimedOut => ErrorCode.CoordinatorNotAvailable,
        ErrorCode.NotLeaderOrFollower or ErrorCode.KafkaStorageError => ErrorCode.NotCoordinator,
        ErrorCode.MessageTooLarge or ErrorCode.RecordListTooLarge or ErrorCode.InvalidFetchSize =>
            ErrorCode.UnknownServerError,
        _ => append,
    };
}
