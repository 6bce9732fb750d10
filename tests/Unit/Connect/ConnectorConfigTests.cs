using Millrace.Connect.Config;

namespace Millrace.Unit.Connect;

public sealed class ConnectorConfigTests
{
    [Fact]
    public void DefaultsAreFilledIn()
    {
        var config = Of();
        Assert.Equal(5432, config.Int("database.port"));
        Assert.Equal("filtered", config.String("publication.autocreate.mode"));
    }

    [Fact]
    public void UnknownKeyNamesTheNearest()
    {
        var refused = Assert.Throws<ConfigException>(() => Of(("table.includ.list", "x")));
        Assert.Contains("table.include.list", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("database.port", "70000")]
    [InlineData("database.port", "x")]
    [InlineData("tombstones.on.delete", "yes")]
    [InlineData("snapshot.mode", "never")]
    [InlineData("table.include.list", "public.(a")]
    [InlineData("slot.name", "Bad-Slot")]
    [InlineData("topic.prefix", "a b")]
    [InlineData("skipped.operations", "x")]
    [InlineData("transforms", "unwrap")]
    [InlineData("column.mask.with.3.chars", "a.b.c")]
    [InlineData("plugin.name", "decoderbufs")]
    [InlineData("connector.class", "io.debezium.connector.mysql.MySqlConnector")]
    [InlineData("topic.prefix", "")]
    public void WrongValueNamesItsKey(string key, string value)
    {
        var error = Assert.Throws<ConfigException>(() => Of((key, value)));
        Assert.Equal(key, error.Key);
        Assert.NotEmpty(error.Remedy);
    }

    [Fact]
    public void IncludeAndExcludeExclude() =>
        Assert.Throws<ConfigException>(() => Of(("table.include.list", "a"), ("table.exclude.list", "b")));

    [Fact]
    public void UnsupportedPropertyMayKeepItsDefault() => Of(("slot.failover", "false"));

    private static ConnectorConfig Of(params (string Key, string Value)[] more)
    {
        var properties = new Dictionary<string, string>
        {
            ["topic.prefix"] = "shop",
            ["database.hostname"] = "h",
            ["database.user"] = "u",
            ["database.dbname"] = "d",
        };
        foreach (var (key, value) in more)
            properties[key] = value;
        return ConnectorConfig.Of(properties);
    }
}
