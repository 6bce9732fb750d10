using Millrace.Core.Coordinators;
using Millrace.Core.Model;
using Millrace.Protocol.Messages;

namespace Millrace.Core.Groups.Classic;

/// <summary>A request of a member that waits for the others.</summary>
internal readonly record struct ParkedRequest(PendingReply Token, short ApiVersion);

/// <summary>A protocol that a member supports, with its subscription or whatever the protocol says about it.</summary>
internal readonly record struct MemberProtocol(string Name, byte[] Metadata);

/// <summary>A member of a classic group. Owned by its <see cref="ClassicGroup"/>, which counts what waits.</summary>
internal sealed class ClassicMember(string memberId, string? instanceId)
{
    public string MemberId { get; } = memberId;

    /// <summary>Set for static members (KIP-345).</summary>
    public string? InstanceId { get; } = instanceId;

    public string ClientId { get; set; } = "";

    public string ClientHost { get; set; } = "";

    public int SessionTimeoutMs { get; set; }

    public int RebalanceTimeoutMs { get; set; }

    /// <summary>In the order of the member's preference.</summary>
    public MemberProtocol[] Protocols { get; set; } = [];

    public byte[] Assignment { get; set; } = [];

    /// <summary>True until its first join is answered: it cannot send heartbeats before.</summary>
    public bool IsNew { get; set; }

    /// <summary>True from the answer to its join until its sync arrives.</summary>
    public bool OwesSync { get; set; }

    /// <summary>When the session ends, unless a heartbeat comes before.</summary>
    public Instant SessionEnd { get; set; } = Instant.Never;

    public ParkedRequest? Join { get; set; }

    public ParkedRequest? Sync { get; set; }

    /// <summary>Who waits for us cannot send heartbeats, so the session does not end; that of a new one may.</summary>
    public Instant Deadline => (Join is not null && !IsNew) || Sync is not null ? Instant.Never : SessionEnd;

    public byte[] MetadataOf(string? protocol)
    {
        foreach (var candidate in Protocols)
            if (candidate.Name == protocol)
                return candidate.Metadata;
        return [];
    }

    public bool Supports(string protocol)
    {
        foreach (var candidate in Protocols)
            if (candidate.Name == protocol)
                return true;
        return false;
    }

    /// <summary>True when the member announced just these protocols, in this order, with these bytes.</summary>
    public bool Matches(List<JoinGroupRequest.Protocol> protocols)
    {
        if (protocols.Count != Protocols.Length)
            return false;
        for (var i = 0; i < Protocols.Length; i++)
            if (Protocols[i].Name != protocols[i].Name
                || !protocols[i].Metadata.Span.SequenceEqual(Protocols[i].Metadata))
                return false;
        return true;
    }
}
