using System.Text;
using Confluent.Kafka;
using Millrace.Connect.Changes;
using Millrace.Connect.Config;
using Millrace.Connect.Converters;
using Millrace.Connect.Postgres;
using Millrace.Connect.Runtime.Io;

namespace Millrace.Connect.Runtime;

/// <summary>
/// Row changes to records: one event per change, a tombstone after a delete, a delete and a create for a changed key.
/// Owned by one task.
/// </summary>
internal sealed class ChangePublisher
{
    private readonly RecordSink _sink;
    private readonly ConnectorProgress _progress;
    private readonly Envelope _envelope;
    private readonly ControlRecords _control;
    private readonly Headers _context = [];
    private readonly JsonOutput _output = new();
    private readonly bool _tombstones;
    private readonly HashSet<char> _skipped;
    private readonly string _server;
    private readonly string _transactionTopic;
    private readonly string _heartbeatTopic;

    public ChangePublisher(ConnectorConfig config, RecordSink sink, ConnectorProgress progress)
    {
        _sink = sink;
        _progress = progress;
        _server = config.String("topic.prefix");
        _envelope = new Envelope(Version, _server, config.String("database.dbname"),
            config.Bool("value.converter.replace.null.with.default"));
        _control = new ControlRecords(config.ConverterSettings());
        _tombstones = config.Bool("tombstones.on.delete");
        _skipped = [.. config.List("skipped.operations").Where(o => o.Length == 1).Select(o => o[0])];
        _transactionTopic = TableSchemas.Sanitised(
            _server + config.String("topic.delimiter") + config.String("topic.transaction"));
        _heartbeatTopic = TableSchemas.Sanitised($"{config.String("topic.heartbeat.prefix")}.{_server}");
        if (!config.Bool("extended.headers.enabled"))
            return;
        AddHeader(_context, "__debezium.context.connectorLogicalName", _server);
        AddHeader(_context, "__debezium.context.taskId", "0");
        AddHeader(_context, "__debezium.context.connectorName", "postgresql");
        AddHeader(_context, "__debezium.context.runId", Guid.CreateVersion7().ToString());
    }

    private static string Version => typeof(ChangePublisher).Assembly.GetName().Version?.ToString(3) ?? "0";

    public async ValueTask PublishAsync(TableSchema table, RowChange change, SourcePosition position,
        SourceOffsets.PendingTransaction transaction, CancellationToken cancellation)
    {
        _progress.Captured();
        if (change.Operation == Operation.Update && change.BeforeKind != BeforeKind.None
            && table.Keys.Count > 0 && table.KeyDiffers(change.Before, change.After))
        {
            await PublishKeyChangeAsync(table, change, position, transaction, cancellation);
            return;
        }
        var row = change.Operation == Operation.Delete ? change.Before : change.After;
        var key = change.Operation == Operation.Truncate ? null
            : KeyOf(table, row, change.Operation == Operation.Delete ? change.BeforeKind : BeforeKind.None);
        await EventAsync(table, change, change.Operation, position, key, _context, transaction, cancellation);
        if (change.Operation == Operation.Delete && _tombstones)
            await SendAsync(table.Topic, key, null, _context, transaction, cancellation);
    }

    public bool Skips(Operation operation) => _skipped.Contains((char)operation);

    public ValueTask HeartbeatAsync(SourceOffsets.PendingTransaction transaction, CancellationToken cancellation)
    {
        var (key, value) = _control.Heartbeat(_server, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
        return SendAsync(_heartbeatTopic, key, value, null, transaction, cancellation);
    }

    public ValueTask BeginAsync(SourcePosition position, SourceOffsets.PendingTransaction transaction,
        CancellationToken cancellation)
    {
        var (key, value) = _control.Begin(position);
        return SendAsync(_transactionTopic, key, value, null, transaction, cancellation);
    }

    public ValueTask EndAsync(SourcePosition position, IReadOnlyDictionary<string, long> counts,
        SourceOffsets.PendingTransaction transaction, CancellationToken cancellation)
    {
        var (key, value) = _control.End(position, counts);
        return SendAsync(_transactionTopic, key, value, null, transaction, cancellation);
    }

    private async ValueTask PublishKeyChangeAsync(TableSchema table, RowChange change, SourcePosition position,
        SourceOffsets.PendingTransaction transaction, CancellationToken cancellation)
    {
        var oldKey = KeyOf(table, change.Before, change.BeforeKind);
        var newKey = KeyOf(table, change.After, BeforeKind.None);
        var toNew = WithContext("__debezium.newkey", KeyPayload(table, change.After, BeforeKind.None));
        var toOld = WithContext("__debezium.oldkey", KeyPayload(table, change.Before, change.BeforeKind));
        await EventAsync(table, change, Operation.Delete, position, oldKey, toNew, transaction, cancellation);
        if (_tombstones)
            await SendAsync(table.Topic, oldKey, null, toNew, transaction, cancellation);
        if (position.TotalOrder > 0)
        {
            position.TotalOrder++;
            position.CollectionOrder++;
        }
        await EventAsync(table, change, Operation.Create, position, newKey, toOld, transaction, cancellation);
    }

    private ValueTask EventAsync(TableSchema table, RowChange change, Operation operation, in SourcePosition position,
        byte[]? key, Headers headers, SourceOffsets.PendingTransaction transaction, CancellationToken cancellation)
    {
        _output.Clear();
        _envelope.Write(table, change, operation, position, _output);
        return SendAsync(table.Topic, key, _output.ToArray(), headers, transaction, cancellation);
    }

    private ValueTask SendAsync(string topic, byte[]? key, byte[]? value, Headers? headers,
        SourceOffsets.PendingTransaction transaction, CancellationToken cancellation) => _sink.SendAsync(topic,
            new Message<byte[]?, byte[]?> { Key = key, Value = value, Headers = headers }, transaction, cancellation);

    private byte[]? KeyOf(TableSchema table, Row row, BeforeKind before)
    {
        if (table.Keys.Count == 0)
            return null;
        _output.Clear();
        table.WriteKey(row, before, _output);
        return _output.ToArray();
    }

    private byte[] KeyPayload(TableSchema table, Row row, BeforeKind before)
    {
        _output.Clear();
        table.WriteKeyPayload(row, before, _output);
        return _output.ToArray();
    }

    private Headers WithContext(string name, byte[] value)
    {
        var headers = new Headers { { name, value } };
        foreach (var header in _context)
            headers.Add(header.Key, header.GetValueBytes());
        return headers;
    }

    private static void AddHeader(Headers headers, string name, string value) =>
        headers.Add(name, Encoding.UTF8.GetBytes(value));
}
