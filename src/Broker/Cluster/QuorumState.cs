using System.Collections.Immutable;
using System.Text.Json;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Cluster;

/// <summary>
/// <c>quorum-state</c>: the leader epoch of the metadata quorum that this node has seen, as Kafka writes it. Version 0
/// of the file is of a quorum with configured voters, version 1 of one that has them in its log (KIP-853).
/// </summary>
internal sealed record QuorumState(LeaderEpoch Epoch, ImmutableArray<int> Voters)
{
    private const string Path = $"{LocalMetadataLog.Folder}/quorum-state";

    /// <summary>Null where there is no file, or none that can be read: the log knows its epochs too.</summary>
    public static QuorumState? Read(IDisk disk)
    {
        if (!disk.Exists(Path))
            return null;
        try
        {
            var json = JsonElement.Parse(DiskFiles.ReadAll(disk, Path));
            return new QuorumState(
                new LeaderEpoch(json.GetProperty("leaderEpoch").GetInt32()),
                json.TryGetProperty("currentVoters", out var voters)
                    ? [.. voters.EnumerateArray().Select(voter => voter.GetProperty("voterId").GetInt32())]
                    : []);
        }
        catch (Exception damage) when (damage is JsonException or KeyNotFoundException or InvalidOperationException
            or FormatException)
        {
            return null;
        }
    }

    /// <summary>Notes that the node leads the quorum in an epoch.</summary>
    public static void Write(IDisk disk, LeaderEpoch epoch, int nodeId, short kraftVersion) =>
        DiskFiles.WriteAtomically(disk, Path, kraftVersion == 0
            ? $$"""{"clusterId":"","leaderId":{{nodeId}},"leaderEpoch":{{epoch}},"votedId":-1,"appliedOffset":0,"""
                + $$"""
                "currentVoters":[{"voterId":{{nodeId}}}],"data_version":0}
                """
            : $$"""{"leaderId":{{nodeId}},"leaderEpoch":{{epoch}},"votedId":-1,"""
                + $$"""
                "votedDirectoryId":"{{Uuid.Zero}}","data_version":1}
                """);
}
