using System.Globalization;
using Millrace.Connect.Converters;
using Millrace.Connect.Data;

namespace Millrace.Connect.Changes;

/// <summary>
/// Debezium's envelope around row changes, written directly as JSON. Owned by one task; holds what is the same in
/// every event of the connector.
/// </summary>
internal sealed class Envelope
{
    private const string SnapshotValues =
        "true,first,first_in_data_collection,last_in_data_collection,last,false,incremental";

    private static readonly Schema SourceSchema = Schema.Struct("io.debezium.connector.postgresql.Source", 1,
        Required("version", Schema.String), Required("connector", Schema.String), Required("name", Schema.String),
        Required("ts_ms", Schema.Int64),
        new Field("snapshot", Schema.String.Named("io.debezium.data.Enum", 1, ("allowed", SnapshotValues))
            .AsOptional() with
        { Default = "\"false\"" }),
        Required("db", Schema.String), Optional("sequence", Schema.String), Optional("ts_us", Schema.Int64),
        Optional("ts_ns", Schema.Int64), Required("schema", Schema.String), Required("table", Schema.String),
        Optional("txId", Schema.Int64), Optional("lsn", Schema.Int64), Optional("xmin", Schema.Int64),
        Optional("origin", Schema.String), Optional("origin_lsn", Schema.Int64));

    private static readonly Schema TransactionSchema = Schema.Struct("event.block", 1,
        Required("id", Schema.String), Required("total_order", Schema.Int64),
        Required("data_collection_order", Schema.Int64)).AsOptional();

    private readonly byte[] _sourceStart;
    private readonly byte[] _database;
    private readonly bool _replaceNull;

    public Envelope(string version, string serverName, string database, bool replaceNull)
    {
        var output = new JsonOutput();
        output.Raw(",\"source\":{\"version\":");
        output.String(version);
        output.Raw(",\"connector\":\"postgresql\",\"name\":");
        output.String(serverName);
        output.Raw(",\"ts_ms\":");
        _sourceStart = output.ToArray();
        output.Clear();
        output.Raw(",\"db\":");
        output.String(database);
        _database = output.ToArray();
        _replaceNull = replaceNull;
    }

    public static Schema SchemaOf(string topic, Schema row) => Schema.Struct($"{topic}.Envelope", 2,
        new Field("before", row), new Field("after", row), Required("source", SourceSchema),
        new Field("transaction", TransactionSchema), Required("op", Schema.String),
        Optional("ts_ms", Schema.Int64), Optional("ts_us", Schema.Int64), Optional("ts_ns", Schema.Int64));

    /// <summary>Writes one event. <paramref name="operation"/> differs from the change's own where a key change is
    /// told as delete and create.</summary>
    public void Write(TableSchema table, RowChange change, Operation operation, in SourcePosition position,
        JsonOutput output)
    {
        output.Raw(table.ValuePrefix);
        output.Raw("{\"before\":"u8);
        if (change.BeforeKind != BeforeKind.None && operation is (Operation.Update or Operation.Delete))
            table.WriteRow(change.Before, change.BeforeKind, null, output);
        else
            output.Null();
        output.Raw(",\"after\":"u8);
        if (operation is Operation.Delete or Operation.Truncate)
            output.Null();
        else
            table.WriteRow(change.After, BeforeKind.None,
                change.BeforeKind == BeforeKind.Full ? change.Before : null, output);
        WriteSource(table, position, output);
        WriteTransaction(position, output);
        output.Raw(",\"op\":\""u8);
        output.Raw((byte)operation);
        output.Raw("\",\"ts_ms\":"u8);
        var ticks = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks;
        output.Long(ticks / TimeSpan.TicksPerMillisecond);
        output.Raw(",\"ts_us\":"u8);
        output.Long(ticks / TimeSpan.TicksPerMicrosecond);
        output.Raw(",\"ts_ns\":"u8);
        output.Long(ticks * TimeSpan.NanosecondsPerTick);
        output.Raw(table.ValuePrefix.Length > 0 ? "}}"u8 : "}"u8);
    }

    private void WriteSource(TableSchema table, in SourcePosition position, JsonOutput output)
    {
        output.Raw(_sourceStart);
        output.Long(Milliseconds(position.CommitMicros));
        output.Raw(",\"snapshot\":"u8);
        if (position.Snapshot is not null)
            output.String(position.Snapshot);
        else
            output.Raw(_replaceNull ? "\"false\""u8 : "null"u8);
        output.Raw(_database);
        output.Raw(",\"sequence\":\"["u8);
        if (position.LastCommitLsn == 0)
            output.Null();
        else
            Quoted(position.LastCommitLsn, output);
        output.Raw((byte)',');
        Quoted(position.Lsn, output);
        output.Raw("]\",\"ts_us\":"u8);
        output.Long(position.CommitMicros);
        output.Raw(",\"ts_ns\":"u8);
        output.Long(position.CommitMicros * 1000);
        output.Raw(",\"schema\":"u8);
        output.String(table.Schema);
        output.Raw(",\"table\":"u8);
        output.String(table.Table);
        output.Raw(",\"txId\":"u8);
        output.Long(position.TransactionId);
        output.Raw(",\"lsn\":"u8);
        output.Long((long)position.Lsn);
        output.Raw(",\"xmin\":null,\"origin\":"u8);
        if (position.Origin is null)
            output.Null();
        else
            output.String(position.Origin);
        output.Raw(",\"origin_lsn\":"u8);
        if (position.Origin is null)
            output.Null();
        else
            output.Long((long)position.OriginLsn);
        output.Raw((byte)'}');
    }

    private static void WriteTransaction(in SourcePosition position, JsonOutput output)
    {
        output.Raw(",\"transaction\":"u8);
        if (position.TotalOrder == 0)
        {
            output.Null();
            return;
        }
        output.Raw(string.Create(CultureInfo.InvariantCulture,
            $"{{\"id\":\"{position.TransactionId}:{position.Lsn}\",\"total_order\":{position.TotalOrder}," +
            $"\"data_collection_order\":{position.CollectionOrder}}}"));
    }

    private static void Quoted(ulong lsn, JsonOutput output)
    {
        output.Raw("\\\""u8);
        output.Long((long)lsn);
        output.Raw("\\\""u8);
    }

    private static long Milliseconds(long micros) => micros >= 0 ? micros / 1000 : (micros - 999) / 1000;

    private static Field Required(string name, Schema schema) => new(name, schema);

    private static Field Optional(string name, Schema schema) => new(name, schema.AsOptional());
}
