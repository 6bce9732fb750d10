using Millrace.Core.Controller;
using Millrace.Core.Model;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Cluster;

/// <summary>The metadata log: of a quorum, or of a single node.</summary>
internal interface IMetadataLog : IDisposable
{
    /// <summary>In which records are appended.</summary>
    LeaderEpoch LeaderEpoch { get; }

    /// <summary>The offset that the next record gets.</summary>
    Offset EndOffset { get; }

    /// <summary>All below is on stable storage. Any thread.</summary>
    Offset FlushedOffset { get; }

    /// <summary>No record was ever appended: there may be a snapshot to begin with, and no more.</summary>
    bool IsEmpty { get; }

    /// <summary>Every record, in order. Called once, before the first append.</summary>
    IEnumerable<IMessage> ReadAll();

    /// <summary>
    /// Appends the records as one batch; they are on stable storage when this returns true. False, with nothing
    /// appended, where the disk is full: records that are urgent, because they make room or a node can't start without
    /// them, may use what is set aside for them.
    /// </summary>
    /// <exception cref="IOException">The storage has failed: nothing may be decided any more.</exception>
    bool TryAppend(IReadOnlyList<IMessage> records, Instant now, bool isUrgent);

    /// <summary>Writes a snapshot of all that was appended, if that is due, and drops what it replaces.</summary>
    void SnapshotIfDue(ClusterImage image, Instant now);
}
