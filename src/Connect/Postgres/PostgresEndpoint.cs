using Millrace.Connect.Config;
using Npgsql;

namespace Millrace.Connect.Postgres;

/// <summary>How to reach the database; the same for ordinary and replication connections.</summary>
internal sealed record PostgresEndpoint(string Host, int Port, string User, string Password, string Database)
{
    public string SslMode { get; init; } = "prefer";

    public string SslRootCertificate { get; init; } = "";

    public static PostgresEndpoint Of(ConnectorConfig config) => new(
        config.String("database.hostname"), config.Int("database.port"), config.String("database.user"),
        config.String("database.password"), config.String("database.dbname"))
    {
        SslMode = config.String("database.sslmode"),
        SslRootCertificate = config.String("database.sslrootcert"),
    };

    /// <summary>
    /// The session settings that make text values independent of the server's configuration. Snapshot and stream use
    /// the same, so that a row looks the same in both.
    /// </summary>
    public static IReadOnlyList<(string Name, string Value)> TextSettings { get; } =
    [
        ("DateStyle", "ISO"), ("IntervalStyle", "iso_8601"), ("TimeZone", "UTC"), ("extra_float_digits", "3"),
        ("bytea_output", "hex"), ("lc_monetary", "C"), ("client_encoding", "UTF8"),
    ];

    public string ConnectionString(string applicationName, int timeoutSeconds) => new NpgsqlConnectionStringBuilder
    {
        Host = Host,
        Port = Port,
        Username = User,
        Password = Password.Length == 0 ? null : Password,
        Database = Database,
        ApplicationName = applicationName,
        Pooling = false,
        Timeout = 15,
        CommandTimeout = timeoutSeconds,
        SslMode = Enum.Parse<SslMode>(SslMode.Replace("-", "", StringComparison.Ordinal), ignoreCase: true),
        RootCertificate = SslRootCertificate.Length == 0 ? null : SslRootCertificate,
        IncludeErrorDetail = true,
        MaxAutoPrepare = 0,
    }.ConnectionString;

    public static string Quoted(string identifier) =>
        $"\"{identifier.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    public static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
