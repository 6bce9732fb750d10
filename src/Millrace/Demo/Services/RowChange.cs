using System.Globalization;
using System.Text;
using System.Text.Json;
using Confluent.Kafka;

namespace Millrace.Demo.Services;

/// <summary>A row change as a consumer finds it in a record: what a Debezium event tells.</summary>
/// <param name="Table">The changed table.</param>
/// <param name="Key">The row's primary key; the parts of a composite one joined by a slash.</param>
/// <param name="Lsn">Where PostgreSQL's log holds the change; grows with each change of a row.</param>
/// <param name="CommitMicros">When its transaction was committed.</param>
/// <param name="Operation">c, u, d, or r for a row of the snapshot.</param>
/// <param name="IsKeyChange">One half of a change of the primary key, which is told as delete and create.</param>
/// <param name="After">The row as it is now; null if it is gone.</param>
internal sealed record RowChange(
    string Table, string Key, long Lsn, long CommitMicros, char Operation, bool IsKeyChange, JsonElement? After)
{
    /// <summary>Null for a tombstone, which only tells compaction that the key is gone.</summary>
    public static RowChange? Read(ConsumeResult<byte[]?, byte[]?> record)
    {
        if (record.Message.Key is not { } keyBytes || record.Message.Value is not { } valueBytes)
            return null;
        using var key = JsonDocument.Parse(keyBytes);
        var value = JsonDocument.Parse(valueBytes).RootElement;
        var source = value.GetProperty("source");
        var after = value.GetProperty("after");
        return new RowChange(
            source.GetProperty("table").GetString()!,
            string.Join('/', key.RootElement.EnumerateObject().Select(part => part.Value.ToString())),
            source.GetProperty("lsn").GetInt64(),
            source.GetProperty("ts_us").GetInt64(),
            value.GetProperty("op").GetString()![0],
            record.Message.Headers.Any(h => h.Key is "__debezium.newkey" or "__debezium.oldkey"),
            after.ValueKind == JsonValueKind.Null ? null : after);
    }

    public int Version => After?.GetProperty("version").GetInt32() ?? 0;

    /// <summary>Columns of the row, joined by bars.</summary>
    public static string Text(JsonElement row, params ReadOnlySpan<string> columns)
    {
        var text = new StringBuilder();
        foreach (var column in columns)
            text.Append(text.Length > 0 ? "|" : "").Append(row.GetProperty(column).ToString());
        return text.ToString();
    }

    /// <summary>A timestamptz column as microseconds since 1970.</summary>
    public static long Micros(JsonElement row, string column) =>
        (DateTimeOffset.Parse(row.GetProperty(column).GetString()!, CultureInfo.InvariantCulture)
            - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
}
