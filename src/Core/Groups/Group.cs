using Millrace.Core.Coordinators;
using Millrace.Core.Model;

namespace Millrace.Core.Groups;

/// <summary>The kinds of groups; on the wire in small letters.</summary>
internal enum GroupType
{
    Classic,

    /// <summary>KIP-848</summary>
    Consumer,

    /// <summary>KIP-932</summary>
    Share,

    /// <summary>KIP-1071</summary>
    Streams,
}

/// <summary>A group, of whatever kind. Owned by the coordinator's <see cref="GroupTable"/>.</summary>
internal abstract class Group(string groupId)
{
    public string GroupId { get; } = groupId;

    public abstract GroupType Type { get; }

    /// <summary>The type as it is called on the wire.</summary>
    public string TypeName => NameOf(Type);

    /// <summary>"consumer", "connect" ...; "" for a group that only holds offsets.</summary>
    public abstract string ProtocolType { get; }

    /// <summary>The state as ListGroups tells it.</summary>
    public abstract string StateName { get; }

    /// <summary>True when nobody is in the group.</summary>
    public abstract bool IsEmpty { get; }

    /// <summary>The earliest deadline for which the table's queue holds this group.</summary>
    public Instant ArmedAt { get; set; } = Instant.Never;

    /// <summary>When something of the group ends by time.</summary>
    public virtual Instant NextDeadline() => Instant.Never;

    /// <summary>Deletes every record of the group, which nobody is in.</summary>
    public abstract void Delete(Effects effects);

    public static string NameOf(GroupType type) => type switch
    {
        GroupType.Consumer => "consumer",
        GroupType.Share => "share",
        GroupType.Streams => "streams",
        _ => "classic",
    };
}
