using Millrace.Broker.Requests;
using Millrace.Core.Coordinators;
using Millrace.Core.Groups;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Coordinators;

/// <summary>A question to a coordinator, as its core knows it.</summary>
internal class CoordinatorRequest(Action<IMessage> answer) : PendingReply
{
    /// <summary>Called once, from any thread, with no lock held.</summary>
    public Action<IMessage> Answer { get; } = answer;
}

/// <summary>A request of a client to the group coordinator.</summary>
internal sealed class GroupRequest(PendingRequest pending) : CoordinatorRequest(pending.Reply)
{
    public RequestContext Context => new(pending.Version, pending.Header.ClientId, pending.Connection.ClientHost);
}
