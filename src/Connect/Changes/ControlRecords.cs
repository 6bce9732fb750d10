using System.Globalization;
using System.Text;
using Millrace.Connect.Converters;
using Millrace.Connect.Data;

namespace Millrace.Connect.Changes;

/// <summary>Heartbeats and transaction boundaries: the records that are not of a row.</summary>
internal sealed class ControlRecords(ConverterSettings settings)
{
    private const string Namespace = "io.debezium.connector.common.";

    private static readonly Schema HeartbeatKeySchema =
        Schema.Struct(Namespace + "ServerNameKey", 1, new Field("serverName", Schema.String));

    private static readonly Schema HeartbeatSchema =
        Schema.Struct(Namespace + "Heartbeat", 1, new Field("ts_ms", Schema.Int64));

    private static readonly Schema TransactionKeySchema =
        Schema.Struct(Namespace + "TransactionMetadataKey", 1, new Field("id", Schema.String));

    private static readonly Schema TransactionValueSchema = Schema.Struct(Namespace + "TransactionMetadataValue", 1,
        new Field("status", Schema.String), new Field("id", Schema.String),
        new Field("event_count", Schema.Int64.AsOptional()),
        new Field("data_collections", Schema.ArrayOf(Schema.Struct("event.collection", 1,
            new Field("data_collection", Schema.String), new Field("event_count", Schema.Int64)).AsOptional())
            .AsOptional()),
        new Field("ts_ms", Schema.Int64));

    public (byte[] Key, byte[] Value) Heartbeat(string serverName, long nowMs) => (
        Key(HeartbeatKeySchema, $"{{\"serverName\":{Json(serverName)}}}"),
        Value(HeartbeatSchema, string.Create(CultureInfo.InvariantCulture, $"{{\"ts_ms\":{nowMs}}}")));

    public (byte[] Key, byte[] Value) Begin(in SourcePosition position)
    {
        var id = Id(position);
        return (Key(TransactionKeySchema, $"{{\"id\":\"{id}\"}}"), Value(TransactionValueSchema,
            $"{{\"status\":\"BEGIN\",\"id\":\"{id}\",\"event_count\":null,\"data_collections\":null,"
            + string.Create(CultureInfo.InvariantCulture, $"\"ts_ms\":{position.CommitMicros / 1000}}}")));
    }

    public (byte[] Key, byte[] Value) End(in SourcePosition position, IReadOnlyDictionary<string, long> counts)
    {
        var id = Id(position);
        var collections = string.Join(',', counts.Select(c => string.Create(CultureInfo.InvariantCulture,
            $"{{\"data_collection\":{Json(c.Key)},\"event_count\":{c.Value}}}")));
        return (Key(TransactionKeySchema, $"{{\"id\":\"{id}\"}}"), Value(TransactionValueSchema,
            string.Create(CultureInfo.InvariantCulture,
                $"{{\"status\":\"END\",\"id\":\"{id}\",\"event_count\":{counts.Values.Sum()},") +
            string.Create(CultureInfo.InvariantCulture,
                $"\"data_collections\":[{collections}],\"ts_ms\":{position.CommitMicros / 1000}}}")));
    }

    private static string Id(in SourcePosition position) =>
        string.Create(CultureInfo.InvariantCulture, $"{position.TransactionId}:{position.Lsn}");

    private byte[] Key(Schema schema, string payload) => With(settings.KeySchemas ? schema : null, payload);

    private byte[] Value(Schema schema, string payload) => With(settings.ValueSchemas ? schema : null, payload);

    private static byte[] With(Schema? schema, string payload) => Encoding.UTF8.GetBytes(
        schema is null ? payload : $"{{\"schema\":{schema},\"payload\":{payload}}}");

    private static string Json(string text)
    {
        var output = new JsonOutput();
        output.String(text);
        return Encoding.UTF8.GetString(output.Written);
    }
}
