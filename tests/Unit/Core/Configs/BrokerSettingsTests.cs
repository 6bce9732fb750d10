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
    [InlineData("group.consumer.session.timeout.ms", "5", "group.consumer.min.session.timeout.ms=45000")]
    [InlineData("group.share.session.timeout.ms", "60001", "group.share.max.session.timeout.ms=60000")]
    [InlineData("group.streams.max.heartbeat.interval.ms", "4999", "group.streams.min.heartbeat.interval.ms=5000")]
    [InlineData("group.share.record.lock.duration.ms", "14999", "group.share.min.record.lock.duration.ms=15000")]
    [InlineData("group.streams.num.standby.replicas", "3", "group.streams.max.standby.replicas=2")]
    [InlineData("group.max.session.timeout.ms", "5999", "group.min.session.timeout.ms=6000")]
    public void AValueThatContradictsAnotherIsRefusedWithBoth(string key, string value, string other)
    {
        var refused = Assert.Throws<InvalidConfigException>(() => Settings((key, value)));

        Assert.Contains($"{key}={value}", refused.Message, StringComparison.Ordinal);
        Assert.Contains(other, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("consumer")]
    [InlineData("share")]
    [InlineData("streams")]
    public void AHeartbeatIsShorterThanTheSession(string kind)
    {
        var refused = Assert.Throws<InvalidConfigException>(() => Settings(
            ($"group.{kind}.max.heartbeat.interval.ms", "45000"), ($"group.{kind}.heartbeat.interval.ms", "45000")));

        Assert.Contains($"group.{kind}.session.timeout.ms=45000", refused.Message, StringComparison.Ordinal);
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
