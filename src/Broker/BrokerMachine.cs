using Millrace.Broker.Partitions;
using Millrace.Core.Groups;
using Millrace.Core.Log;
using Millrace.Core.Model;

namespace Millrace.Broker;

/// <summary>What a broker runs on: the machine's own, or that of a simulated machine.</summary>
internal sealed record BrokerMachine
{
    /// <summary>Takes no more writes after one that failed.</summary>
    public required IDisk Disk { get; init; }

    public required IFlushQueue FlushQueue { get; init; }

    /// <summary>Of the controller, and of what the coordinators have due.</summary>
    public required ILoop Background { get; init; }

    /// <summary>Of checkpoints and retention, which wait for the disk.</summary>
    public required ILoop Maintenance { get; init; }

    public required ILoop Cleaner { get; init; }

    public required IRandomness Randomness { get; init; }

    public required IMemberIds MemberIds { get; init; }

    public required ILogDirectory LogDirectory { get; init; }

    /// <summary>Hears what the operator is told.</summary>
    public required Action<string> Log { get; init; }

    /// <summary>A file of the disk is never written again.</summary>
    public Action<string> MakeReadOnly { get; init; } = _ => { };
}
