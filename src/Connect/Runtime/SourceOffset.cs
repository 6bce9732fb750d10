using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Millrace.Connect.Postgres;

namespace Millrace.Connect.Runtime;

/// <summary>
/// A position in the source, as stored in the offsets topic: Debezium's members, and ours that tell whether the server
/// is still the same.
/// </summary>
/// <param name="End">Everything before is in the log; the stream resumes here.</param>
/// <param name="LastCommit">End of the last transaction, for source.sequence.</param>
internal sealed record SourceOffset(Lsn End, Lsn LastCommit, uint TransactionId, long CommitMicros)
{
    public string SystemId { get; init; } = "";

    public int Timeline { get; init; }

    /// <summary>False: a snapshot was begun and not finished.</summary>
    public bool SnapshotCompleted { get; init; } = true;

    public static byte[] Key(string connector, string server) =>
        JsonSerializer.SerializeToUtf8Bytes(new JsonArray(connector, new JsonObject { ["server"] = server }));

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(new JsonObject
    {
        ["lsn_proc"] = (long)End.Value,
        ["messageType"] = "COMMIT",
        ["lsn_commit"] = (long)LastCommit.Value,
        ["lsn"] = (long)End.Value,
        ["txId"] = (long)TransactionId,
        ["ts_usec"] = CommitMicros,
        ["snapshot_completed"] = SnapshotCompleted,
        ["system_id"] = SystemId,
        ["timeline"] = Timeline,
    });

    /// <summary>Reads a stored position, ours or Debezium's.</summary>
    public static SourceOffset FromJson(ReadOnlySpan<byte> json)
    {
        try
        {
            var value = JsonNode.Parse(json)!.AsObject();
            var end = Number(value, "lsn_commit") is { } commit and > 0 && value["system_id"] is null
                ? commit : Number(value, "lsn_proc") ?? Number(value, "lsn") ?? 0;
            return new SourceOffset(new Lsn((ulong)end), new Lsn((ulong)(Number(value, "lsn_commit") ?? 0)),
                (uint)(Number(value, "txId") ?? 0), Number(value, "ts_usec") ?? 0)
            {
                SystemId = value["system_id"]?.ToString() ?? "",
                Timeline = (int)(Number(value, "timeline") ?? 0),
                SnapshotCompleted = value["snapshot_completed"]?.GetValue<bool>()
                    ?? value["snapshot"] is null || value["last_snapshot_record"]?.GetValue<bool>() == true,
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException
            or NullReferenceException or OverflowException)
        {
            throw new ConnectorException("the stored position cannot be read: " + e.Message,
                "choose another connector name or offset.storage.topic to start anew", e);
        }
    }

    private static long? Number(JsonObject value, string member) => value[member] is { } node
        ? long.Parse(node.ToString(), CultureInfo.InvariantCulture)
        : null;
}
