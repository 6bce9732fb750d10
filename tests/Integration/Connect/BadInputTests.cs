using Millrace.Connect.Runtime;

namespace Millrace.Integration.Connect;

/// <summary>What goes wrong at the database is said precisely, with the cure, and nothing of the application breaks.
/// </summary>
public sealed class BadInputTests(Servers servers)
{
    [Fact]
    public async Task TableWithoutIdentityIsRefusedAndItsUpdatesStillWork()
    {
        servers.Require();
        await servers.Postgres.SqlAsync("postgres", "CREATE DATABASE bad_identity");
        await servers.Postgres.SqlAsync("bad_identity", "CREATE TABLE log (line text); INSERT INTO log VALUES ('x')");
        var error = await FailureAsync(Properties("bad_identity"));
        Assert.Contains("public.log", error.Problem, StringComparison.Ordinal);
        Assert.Contains("ALTER TABLE \"public\".\"log\" REPLICA IDENTITY FULL;",
            error.Remedy, StringComparison.Ordinal);
        await servers.Postgres.SqlAsync("bad_identity", "UPDATE log SET line = 'y'");
    }

    [Fact]
    public async Task UserWithoutReplicationIsToldTheGrant()
    {
        servers.Require();
        await servers.Postgres.SqlAsync("postgres", "CREATE DATABASE bad_role; ");
        await servers.Postgres.SqlAsync("bad_role", "CREATE ROLE plain LOGIN; CREATE TABLE a (id int PRIMARY KEY)");
        var properties = Properties("bad_role");
        properties["database.user"] = "plain";
        var error = await FailureAsync(properties);
        Assert.Contains("ALTER ROLE \"plain\" REPLICATION;", error.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UserWithoutSelectIsToldTheGrant()
    {
        servers.Require();
        await servers.Postgres.SqlAsync("postgres", "CREATE DATABASE bad_select");
        await servers.Postgres.SqlAsync("bad_select",
            "CREATE ROLE blind LOGIN REPLICATION; CREATE TABLE a (id int PRIMARY KEY)");
        var properties = Properties("bad_select");
        properties["database.user"] = "blind";
        var error = await FailureAsync(properties);
        Assert.Contains("GRANT SELECT ON \"public\".\"a\" TO \"blind\";", error.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WrongWalLevelIsToldTheSetting()
    {
        servers.Require();
        await using var postgres = await PrivatePostgres.StartAsync("wal_level=replica");
        await postgres.SqlAsync("postgres", "CREATE TABLE a (id int PRIMARY KEY)");
        var error = await FailureAsync(ConnectorUnderTest.Properties(postgres, "postgres", "bad_wal"));
        Assert.Contains("ALTER SYSTEM SET wal_level = logical;", error.Remedy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("scram-sha-256")]
    [InlineData("md5")]
    [InlineData("password")]
    public async Task PasswordIsCheckedBothWays(string method)
    {
        servers.Require();
        await using var postgres = await PrivatePostgres.StartAsync();
        var encryption = method == "md5" ? "md5" : "scram-sha-256";
        await postgres.SqlAsync("postgres", $"SET password_encryption = '{encryption}'; "
            + "CREATE ROLE app LOGIN SUPERUSER PASSWORD 'right'; CREATE TABLE a (id int PRIMARY KEY)");
        await postgres.RequirePasswordAsync("app", method);
        var properties = ConnectorUnderTest.Properties(postgres, "postgres", "pw");
        properties["name"] = properties["topic.prefix"] = $"pw-{method}";
        properties["offset.storage.topic"] = $"offsets-pw-{method}";
        properties["database.user"] = "app";
        properties["database.password"] = "wrong";
        var error = await FailureAsync(properties);
        Assert.Contains("refused the password", error.Problem, StringComparison.Ordinal);
        properties["database.password"] = "right";
        await using var connector = new ConnectorUnderTest(properties, servers.Bootstrap);
        await connector.StreamingAsync();
    }

    [Fact]
    public async Task UnreachableDatabaseIsRetried()
    {
        servers.Require();
        var properties = Properties("nowhere");
        properties["database.port"] = "1";
        await using var connector = new ConnectorUnderTest(properties, servers.Bootstrap);
        await connector.UntilAsync(() => connector.Status.State == ConnectorState.Retrying);
        Assert.Contains("127.0.0.1:1 is not reachable", connector.Status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SlotAdvancedBySomebodyElseIsNotPassedOver()
    {
        servers.Require();
        await servers.Postgres.SqlAsync("postgres", "CREATE DATABASE bad_slot");
        await servers.Postgres.SqlAsync("bad_slot", "CREATE TABLE a (id int PRIMARY KEY)");
        var properties = Properties("bad_slot");
        await using (var first = new ConnectorUnderTest(properties, servers.Bootstrap))
            await first.CaughtUpAsync(servers.Postgres, "bad_slot");
        await servers.Postgres.SqlAsync("bad_slot", "INSERT INTO a VALUES (1)");
        await servers.Postgres.SqlAsync("bad_slot",
            "SELECT pg_replication_slot_advance('s_bad_slot', pg_current_wal_lsn())");
        var error = await FailureAsync(properties);
        Assert.Contains("advanced by somebody else", error.Problem, StringComparison.Ordinal);
        properties["snapshot.mode"] = "when_needed";
        await using var again = new ConnectorUnderTest(properties, servers.Bootstrap);
        await again.CaughtUpAsync(servers.Postgres, "bad_slot");
        Assert.Contains(TopicReader.Read(servers.Bootstrap, ["bad_slot.public.a"]),
            r => r.Value!.Contains("\"after\":{\"id\":1}", StringComparison.Ordinal));
    }

    private Dictionary<string, string> Properties(string database) =>
        ConnectorUnderTest.Properties(servers.Postgres, database, $"s_{database}");

    private async Task<ConnectorException> FailureAsync(Dictionary<string, string> properties)
    {
        await using var connector = new ConnectorUnderTest(properties, servers.Bootstrap);
        return await Assert.ThrowsAsync<ConnectorException>(() => connector.Run);
    }
}
