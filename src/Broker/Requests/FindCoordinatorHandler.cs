using Millrace.Broker.Cluster;
using Millrace.Broker.Partitions;
using Millrace.Core.Controller;
using Millrace.Core.Share;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests;

/// <summary>
/// FindCoordinator (key 10), versions 0 to 6. On one node every coordinator is this broker; the first question for a
/// group's makes <c>__consumer_offsets</c>, for a transaction's <c>__transaction_state</c>, for a share partition's
/// <c>__share_group_state</c>, and is answered when it is there.
/// </summary>
/// <remarks>
/// <para>Version 4 asks for several keys at once, 6 for those of share partitions: <c>group:topicId:partition</c>.
/// </para>
/// </remarks>
internal sealed class FindCoordinatorHandler(TopicPartitions topics, ControllerShard controller, NodeIdentity node)
    : RequestHandler<FindCoordinatorRequest>
{
    private const sbyte Group = 0;
    private const sbyte Transaction = 1;
    private const sbyte Share = 2;
    private const short FirstVersionWithShare = 6;
    private const short FirstVersionWithMany = 4;

    protected override void Handle(PendingRequest pending, FindCoordinatorRequest request)
    {
        var topic = request.KeyType switch
        {
            Group => TopicName.ConsumerOffsets,
            Transaction => TopicName.TransactionState,
            Share when Error(request.KeyType, pending.Version) == ErrorCode.None => TopicName.ShareGroupState,
            _ => null,
        };
        if (topic is not null && topics.Find(topic) is null)
            controller.CreateInternalTopic(topic, () => pending.Reply(Answer(pending, request)));
        else
            pending.Reply(Answer(pending, request));
    }

    private FindCoordinatorResponse Answer(PendingRequest pending, FindCoordinatorRequest request)
    {
        var (host, port) = node.AddressFor(pending.Connection);
        var error = Error(request.KeyType, pending.Version);
        var found = error == ErrorCode.None;
        var response = new FindCoordinatorResponse
        {
            ErrorCode = error,
            ErrorMessage = found ? "NONE" : Explain(error, request.KeyType),
            NodeId = found ? node.NodeId : -1,
            Host = found ? host : "",
            Port = found ? port : -1,
        };
        if (pending.Version < FirstVersionWithMany)
            return response;
        foreach (var key in request.CoordinatorKeys)
            response.Coordinators.Add(Answer(key, request.KeyType, response));
        return response;
    }

    private static FindCoordinatorResponse.Coordinator Answer(
        string key, sbyte keyType, FindCoordinatorResponse response)
    {
        if (keyType == Share && (response.ErrorCode != ErrorCode.None || !SharePartitionKey.TryParse(key, out _)))
            return new() { Key = key, NodeId = -1, Port = -1, ErrorCode = ErrorCode.InvalidRequest, ErrorMessage = "" };
        return new()
        {
            Key = key,
            NodeId = response.NodeId,
            Host = response.Host,
            Port = response.Port,
            ErrorCode = response.ErrorCode,
            ErrorMessage = response.ErrorCode == ErrorCode.None ? "" : response.ErrorMessage,
        };
    }

    private static ErrorCode Error(sbyte keyType, short version) =>
        keyType is Group or Transaction || (keyType == Share && version >= FirstVersionWithShare)
            ? ErrorCode.None
            : ErrorCode.InvalidRequest;

    private static string Explain(ErrorCode error, sbyte keyType) =>
        error == ErrorCode.InvalidRequest
            ? $"Coordinator type {keyType} is not known."
            : "There is no such coordinator.";
}
