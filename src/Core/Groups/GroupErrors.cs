using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Groups;

/// <summary>Turns replies into refusals when their records could not be stored.</summary>
internal static class GroupErrors
{
    /// <summary>Makes a response say that the request failed; partitions that failed before keep their error.</summary>
    public static void Fail(IMessage response, ErrorCode error)
    {
        switch (response)
        {
            case JoinGroupResponse join:
                join.ErrorCode = error;
                join.GenerationId = -1;
                join.ProtocolType = null;
                join.ProtocolName = "";
                join.Leader = "";
                join.SkipAssignment = false;
                join.Members = [];
                break;
            case SyncGroupResponse sync:
                sync.ErrorCode = error;
                sync.ProtocolType = null;
                sync.ProtocolName = null;
                sync.Assignment = default;
                break;
            case HeartbeatResponse heartbeat:
                heartbeat.ErrorCode = error;
                break;
            case LeaveGroupResponse leave:
                leave.ErrorCode = error;
                leave.Members = [];
                break;
            case ConsumerGroupHeartbeatResponse heartbeat:
                heartbeat.ErrorCode = error;
                heartbeat.MemberId = null;
                heartbeat.MemberEpoch = 0;
                heartbeat.HeartbeatIntervalMs = 0;
                heartbeat.Assignment = null;
                break;
            case ShareGroupHeartbeatResponse heartbeat:
                heartbeat.ErrorCode = error;
                heartbeat.MemberId = null;
                heartbeat.MemberEpoch = 0;
                heartbeat.HeartbeatIntervalMs = 0;
                heartbeat.Assignment = null;
                break;
            case GroupOutcome outcome:
                outcome.ErrorCode = error;
                break;
            case StreamsGroupHeartbeatResponse heartbeat:
                heartbeat.ErrorCode = error;
                heartbeat.MemberId = "";
                heartbeat.MemberEpoch = 0;
                heartbeat.Status = [];
                heartbeat.ActiveTasks = heartbeat.StandbyTasks = heartbeat.WarmupTasks = null;
                heartbeat.PartitionsByUserEndpoint = null;
                break;
            case OffsetCommitResponse commit:
                FailPartitions(commit, error);
                break;
            case TxnOffsetCommitResponse commit:
                FailPartitions(commit, error);
                break;
            default:
                throw new ArgumentException($"{response.GetType().Name} is no answer of a group coordinator.");
        }
    }

    public static void FailPartitions(TxnOffsetCommitResponse response, ErrorCode error)
    {
        foreach (var topic in response.Topics)
            foreach (var partition in topic.Partitions)
                if (partition.ErrorCode == ErrorCode.None)
                    partition.ErrorCode = error;
    }

    public static void FailPartitions(OffsetCommitResponse response, ErrorCode error)
    {
        foreach (var topic in response.Topics)
            foreach (var partition in topic.Partitions)
                if (partition.ErrorCode == ErrorCode.None)
                    partition.ErrorCode = error;
    }
}
