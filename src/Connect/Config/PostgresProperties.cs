using static Millrace.Connect.Config.PropertyType;

namespace Millrace.Connect.Config;

/// <summary>The table of the PostgreSQL connector's properties, with Debezium's names.</summary>
internal static class PostgresProperties
{
    private static readonly string[] Converters =
        ["org.apache.kafka.connect.json.JsonConverter", "json"];

    public static readonly IReadOnlyDictionary<string, Property> All = Supported().Concat(NotSupported())
        .ToDictionary(p => p.Name, StringComparer.Ordinal);

    private static IEnumerable<Property> Supported() =>
    [
        .. Identity(), .. Database(), .. SlotAndPublication(), .. Filters(), .. Values(), .. Flow(), .. Kafka(),
    ];

    private static IEnumerable<Property> Identity() =>
    [
        new("name", Text, "postgres", "Name of the connector; its position is stored under it"),
        new("connector.class", Text, "io.debezium.connector.postgresql.PostgresConnector", "Kind of connector"),
        new("tasks.max", Int, "1", "A PostgreSQL connector always runs one task") { Min = 1 },
        new("topic.prefix", Text, null, "First part of every topic name; also the logical server name")
        {
            Required = true,
        },
        new("topic.delimiter", Text, ".", "Stands between prefix, schema and table in topic names"),
    ];

    private static IEnumerable<Property> Database() =>
    [
        new("database.hostname", Text, null, "Host name or address of the PostgreSQL server") { Required = true },
        new("database.port", Int, "5432", "Port of the PostgreSQL server") { Min = 1, Max = 65535 },
        new("database.user", Text, null, "User with LOGIN, REPLICATION and SELECT on the tables") { Required = true },
        new("database.password", Secret, "", "Password of the user"),
        new("database.dbname", Text, null, "Database to capture") { Required = true },
        new("database.sslmode", Choice, "prefer", "TLS to the server, as with libpq")
        {
            Choices = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"],
        },
        new("database.sslrootcert", Text, "", "File of certificates (PEM) to verify the server with"),
        new("database.initial.statements", Text, "", "SQL to run at the start of each snapshot session"),
        new("database.query.timeout.ms", Int, "600000", "Limit of one catalog query") { Min = 0 },
        new("database.tcpKeepAlive", Flag, "true", "TCP keep-alive probes on the connections"),
    ];

    private static IEnumerable<Property> SlotAndPublication() =>
    [
        new("plugin.name", Choice, "pgoutput", "Logical decoding plug-in") { Choices = ["pgoutput"] },
        new("slot.name", Text, "debezium", "Name of the replication slot"),
        new("slot.drop.on.stop", Flag, "false", "Drop the slot at an orderly stop (for tests only)"),
        new("slot.max.retries", Int, "6", "Without effect: a slot that is active elsewhere is tried without end"),
        new("slot.retry.delay.ms", Int, "10000", "Without effect: see errors.retry.delay.*") { Min = 0 },
        new("publication.name", Text, "dbz_publication", "Name of the publication"),
        new("publication.autocreate.mode", Choice, "filtered", "How the publication is made")
        {
            Choices = ["filtered", "disabled", "all_tables", "no_tables"],
        },
        new("publish.via.partition.root", Flag, "false", "Changes of partitions under the root table's name"),
        new("snapshot.mode", Choice, "initial", "When the tables are read")
        {
            Choices = ["initial", "always", "initial_only", "no_data", "when_needed"],
        },
        new("snapshot.fetch.size", Int, "10240", "Without effect: snapshots use COPY") { Min = 1 },
        new("status.update.interval.ms", Int, "10000", "Interval of status messages to the server") { Min = 100 },
    ];

    private static IEnumerable<Property> Filters() =>
    [
        new("schema.include.list", RegexList, "", "Schemas to capture"),
        new("schema.exclude.list", RegexList, "", "Schemas not to capture"),
        new("table.include.list", RegexList, "", "Tables to capture, as schema.table"),
        new("table.exclude.list", RegexList, "", "Tables not to capture, as schema.table"),
        new("column.include.list", RegexList, "", "Columns to capture, as schema.table.column"),
        new("column.exclude.list", RegexList, "", "Columns not to capture, as schema.table.column"),
        new("message.key.columns", Text, "", "Record keys other than the primary key: table:col,col;table:col"),
        new("skipped.operations", List, "t", "Operations to leave out: c, u, d, t or none"),
    ];

    private static IEnumerable<Property> Values() =>
    [
        new("decimal.handling.mode", Choice, "precise", "Form of numeric and money")
        {
            Choices = ["precise", "double", "string"],
        },
        new("time.precision.mode", Choice, "adaptive", "Form of dates and times")
        {
            Choices = ["adaptive", "adaptive_time_microseconds", "connect", "isostring", "microseconds", "nanoseconds"],
        },
        new("interval.handling.mode", Choice, "numeric", "Form of interval") { Choices = ["numeric", "string"] },
        new("hstore.handling.mode", Choice, "json", "Form of hstore") { Choices = ["json", "map"] },
        new("binary.handling.mode", Choice, "bytes", "Form of bytea")
        {
            Choices = ["bytes", "base64", "base64-url-safe", "hex"],
        },
        new("money.fraction.digits", Int, "2", "Digits after the point of money") { Min = 0, Max = 18 },
        new("include.unknown.datatypes", Flag, "false", "Types without a mapping as bytes instead of text"),
        new("unavailable.value.placeholder", Text, "__debezium_unavailable_value",
            "Stands for unchanged TOASTed values; hex: introduces bytes"),
        new("tombstones.on.delete", Flag, "true", "A delete is followed by a record with null value"),
        new("provide.transaction.metadata", Flag, "false", "Transaction boundaries in their own topic"),
        new("topic.transaction", Text, "transaction", "Last part of that topic's name"),
        new("extended.headers.enabled", Flag, "true", "Context headers on each record"),
        new("key.converter", Choice, Converters[0], "Form of record keys") { Choices = Converters },
        new("value.converter", Choice, Converters[0], "Form of record values") { Choices = Converters },
        new("key.converter.schemas.enable", Flag, "true", "The schema in each key"),
        new("value.converter.schemas.enable", Flag, "true", "The schema in each value"),
        new("key.converter.replace.null.with.default", Flag, "true", "NULL in keys becomes the column's default"),
        new("value.converter.replace.null.with.default", Flag, "true", "NULL becomes the column's default"),
    ];

    private static IEnumerable<Property> Flow() =>
    [
        new("max.batch.size", Int, "2048", "Without effect: the producer makes its own batches") { Min = 1 },
        new("max.queue.size", Int, "100000", "Records in flight to the broker") { Min = 1 },
        new("max.queue.size.in.bytes", Long, "67108864", "Bytes in flight to the broker") { Min = 65536 },
        new("poll.interval.ms", Int, "500", "Without effect: changes are pushed by the server") { Min = 1 },
        new("heartbeat.interval.ms", Int, "0", "Interval of heartbeat records; 0 for none") { Min = 0 },
        new("topic.heartbeat.prefix", Text, "__debezium-heartbeat", "First part of the heartbeat topic's name"),
        new("errors.max.retries", Int, "-1", "Retries of a retriable failure; -1 without end") { Min = -1 },
        new("errors.retry.delay.initial.ms", Int, "300", "First pause before a retry") { Min = 1 },
        new("errors.retry.delay.max.ms", Int, "10000", "Longest pause before a retry") { Min = 1 },
        new("retriable.restart.connector.wait.ms", Int, "10000", "Without effect: see errors.retry.delay.*"),
    ];

    private static IEnumerable<Property> Kafka() =>
    [
        new("bootstrap.servers", Text, "", "Kafka cluster to write to; the embedded broker if empty"),
        new("offset.storage.topic", Text, "connect-offsets", "Compacted topic that holds the connector's position"),
        new("offset.flush.interval.ms", Int, "20", "Least time between two stored positions") { Min = 0 },
        new("topic.creation.enable", Flag, "true", "Create missing topics"),
        new("topic.creation.default.partitions", Int, "1", "Partitions of new topics") { Min = 1 },
        new("topic.creation.default.replication.factor", Int, "-1", "Replicas of new topics; -1: the broker's default")
        {
            Min = -1,
        },
    ];

    private static IEnumerable<Property> NotSupported() => new (string Name, string Default)[]
    {
        ("slot.failover", "false"), ("slot.stream.params", ""), ("offset.mismatch.strategy", "no_validation"),
        ("replica.identity.autoset.values", ""), ("lsn.flush.mode", "connector"), ("xmin.fetch.interval.ms", "0"),
        ("read.only", "false"), ("message.prefix.include.list", ""), ("message.prefix.exclude.list", ""),
        ("skip.messages.without.change", "false"), ("snapshot.include.collection.list", ""),
        ("snapshot.select.statement.overrides", ""), ("snapshot.delay.ms", "0"), ("streaming.delay.ms", "0"),
        ("snapshot.isolation.mode", "serializable"), ("snapshot.locking.mode", "none"), ("snapshot.max.threads", "1"),
        ("signal.data.collection", ""), ("signal.enabled.channels", "source"), ("notification.enabled.channels", ""),
        ("heartbeat.action.query", ""), ("transforms", ""), ("predicates", ""), ("converters", ""),
        ("post.processors", ""), ("schema.name.adjustment.mode", "none"), ("field.name.adjustment.mode", "none"),
        ("schema.refresh.mode", "columns_diff"), ("column.propagate.source.type", ""),
        ("datatype.propagate.source.type", ""), ("header.converter",
            "org.apache.kafka.connect.storage.SimpleHeaderConverter"),
        ("event.processing.failure.handling.mode", "fail"), ("database.sslcert", ""), ("database.sslkey", ""),
        ("incremental.snapshot.chunk.size", "1024"), ("guardrail.collections.max", "0"),
    }.Select(p => new Property(p.Name, Text, p.Default, "Not supported") { Unsupported = true });
}
