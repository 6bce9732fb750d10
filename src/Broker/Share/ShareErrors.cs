using Millrace.Broker.Partitions;
using Millrace.Core.Share;
using Millrace.Protocol;

namespace Millrace.Broker.Share;

/// <summary>What members of share groups are told when the share coordinator refuses.</summary>
internal static class ShareErrors
{
    public const string NotAcquired = "The offset cannot be acknowledged. The offset is not acquired.";

    /// <summary>As Kafka: what fences a leader means that another one leads; what is not there is no known error.
    /// </summary>
    public static ErrorCode For(ErrorCode coordinator) => coordinator switch
    {
        ErrorCode.NotCoordinator or ErrorCode.CoordinatorNotAvailable or ErrorCode.CoordinatorLoadInProgress =>
            ErrorCode.CoordinatorNotAvailable,
        ErrorCode.FencedLeaderEpoch or ErrorCode.FencedStateEpoch => ErrorCode.NotLeaderOrFollower,
        ErrorCode.InvalidRequest => ErrorCode.UnknownServerError,
        _ => coordinator,
    };

    /// <summary>Whether the share coordinator can be asked about the partition.</summary>
    public static ErrorCode Check(in SharePartitionKey key, TopicPartitions topics) =>
        key.GroupId.Length == 0 || key.TopicId.IsZero || key.Partition < 0 ? ErrorCode.InvalidRequest
        : TopicPartitions.Find(topics.Find(key.TopicId), key.Partition) is null ? ErrorCode.UnknownTopicOrPartition
        : ErrorCode.None;

    /// <summary>Why a member's acknowledgement was refused, in words; null where there is nothing to explain.</summary>
    public static string? Explain(ErrorCode error) => error switch
    {
        ErrorCode.InvalidRecordState => NotAcquired,
        ErrorCode.InvalidRequest => "The offsets were never delivered.",
        _ => null,
    };
}
