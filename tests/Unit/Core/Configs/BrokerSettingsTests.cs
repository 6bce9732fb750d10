using Millrace.Core.Configs;

namespace Millrace.Unit.Core.Configs;

/// <summary>How settings are read, refused and defaulted.</summary>
public sealed class BrokerSettingsTests
{
    [Fact]
    public void EveryDefaultIsLegal()
    {
        Assert.All(BrokerConfigs.All.Where(config => config.Default is not null), config =>
            Assert.Null(config.WhatIsWrong(config.Default)));
        Assert.All(TopicConfigs.All, config => Assert.Null(config.WhatIsWrong(config.Default)));
        Assert.Equal(37, TopicConfigs.All.Count);
    }

    [Fact]
    public void AnUnknownKeyIsRefusedWithTheNearest()
    {
        var refused = Assert.Throws<InvalidConfigException>(() => Settings(("num.partitons", "3")));

        Assert.Contains("num.partitions", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("num.partitions", "many")]
    [InlineData("num.partitions", "0")]
    [InlineData("auto.create.topics.enable", "maybe")]
    [InlineData("log.cleanup.policy", "shred")]
    public void AValueThatIsNotLegalIsRefusedWithItsKey(string key, string value)
    {
        var refused = Assert.Throws<InvalidConfigException>(() => Settings((key, value)));

        Assert.Equal(key, refused.Key);
        Assert.Contains(value, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("retention.ms", "", "", "604800000", ConfigSource.Default)]
    [InlineData("retention.ms", "log.retention.hours", "2", "7200000", ConfigSource.StaticBroker)]
    [InlineData("retention.ms", "log.retention.ms", "5", "5", ConfigSource.StaticBroker)]
    [InlineData("max.message.bytes", "message.max.bytes", "99", "99", ConfigSource.StaticBroker)]
    internal void ATopicsDefaultIsTheBrokersSynonym(
        string topicConfig, string key, string value, string expected, ConfigSource expectedSource)
    {
        var settings = key.Length == 0 ? Settings() : Settings((key, value));

        var text = settings.TopicDefault(TopicConfigs.Find(topicConfig)!, out var source);

        Assert.Equal((expected, expectedSource), (text, source));
    }

    private static BrokerSettings Settings(params (string Key, string Value)[] given) =>
        new(given.Select(pair => KeyValuePair.Create(pair.Key, pair.Value)));
}
