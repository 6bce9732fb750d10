using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Groups;

/// <summary>
/// StreamsGroupTopologyDescriptionUpdate (key 93), version 0. Refused, as by a Kafka that has no plug-in to store
/// descriptions of topologies with; no heartbeat asks for one.
/// </summary>
internal sealed class StreamsGroupTopologyDescriptionUpdateHandler
    : RequestHandler<StreamsGroupTopologyDescriptionUpdateRequest>
{
    protected override void Handle(PendingRequest pending, StreamsGroupTopologyDescriptionUpdateRequest request) =>
        pending.Reply(new StreamsGroupTopologyDescriptionUpdateResponse
        {
            ErrorCode = ErrorCode.UnsupportedVersion,
            ErrorMessage = "Descriptions of topologies are not stored here.",
        });
}
