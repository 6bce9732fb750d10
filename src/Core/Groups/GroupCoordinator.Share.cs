using Millrace.Core.Coordinators;
using Millrace.Core.Groups.Share;
using Millrace.Core.Model;
using Millrace.Protocol.Messages;

namespace Millrace.Core.Groups;

// KIP-932
internal sealed partial class GroupCoordinator
{
    /// <summary>What administrators do with share groups.</summary>
    public ShareGroups ShareGroups => _shares;

    public bool IsShareGroup(string groupId) => _table.Find<ShareGroup>(groupId) is not null;

    public void Heartbeat(
        ShareGroupHeartbeatRequest request, in RequestContext context, PendingReply reply, Instant now,
        Effects effects) => _shares.Heartbeat(request, context, reply, now, effects);
}
