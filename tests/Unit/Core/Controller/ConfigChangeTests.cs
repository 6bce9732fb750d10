using Millrace.Core.Configs;
using Millrace.Core.Controller;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Core.Controller;

/// <summary>Settings of topics that change while the broker runs, as Kafka's recorded answers have it.</summary>
public sealed class ConfigChangeTests
{
    private const sbyte Set = 0;
    private const sbyte Delete = 1;
    private const sbyte Append = 2;
    private const sbyte Subtract = 3;

    private readonly ConfigChanges _changes = new(new BrokerSettings([]));
    private ClusterImage _image = new ClusterImage().Replay(new TopicRecord { Name = "t", TopicId = new Uuid(1, 1) });

    [Fact]
    public void ASettingIsSetAndDeleted()
    {
        Assert.Equal(ErrorCode.None, Alter(("segment.ms", Set, "5000000")));
        Assert.Equal("5000000", Own("segment.ms"));
        Assert.Equal(ErrorCode.None, Alter(("segment.ms", Delete, "7")));
        Assert.Null(Own("segment.ms"));
    }

    [Fact]
    public void AListGrowsFromItsDefaultAndShrinksToNothing()
    {
        Alter(("cleanup.policy", Append, "compact"));
        Alter(("cleanup.policy", Append, "compact"));
        Assert.Equal("delete,compact", Own("cleanup.policy"));
        Alter(("cleanup.policy", Subtract, "delete"));
        Assert.Equal("compact", Own("cleanup.policy"));
        Alter(("cleanup.policy", Subtract, "compact"));
        Assert.Equal("", Own("cleanup.policy"));
    }

    [Theory]
    [InlineData("cleanup.policy", Append, "nonsense", ErrorCode.InvalidConfig)]
    [InlineData("cleanup.policy", Set, ",", ErrorCode.InvalidConfig)]
    [InlineData("compression.gzip.level", Set, "0", ErrorCode.InvalidConfig)]
    [InlineData("segment.ms", Append, "1", ErrorCode.InvalidConfig)]
    [InlineData("segment.ms", Set, "", ErrorCode.InvalidConfig)]
    [InlineData("segment.ms", Set, null, ErrorCode.InvalidRequest)]
    [InlineData("segment.ms", (sbyte)9, "1", ErrorCode.UnknownServerError)]
    [InlineData("no.such", Set, "1", ErrorCode.InvalidConfig)]
    [InlineData("no.such", Delete, "", ErrorCode.None)]
    [InlineData("min.compaction.lag.ms", Set, "9223372036854775807", ErrorCode.None)]
    [InlineData("max.compaction.lag.ms", Set, "9", ErrorCode.None)]
    public void OneChange(string name, sbyte operation, string? value, ErrorCode expected) =>
        Assert.Equal(expected, Alter((name, operation, value)));

    [Fact]
    public void SettingsAreJudgedTogether()
    {
        Alter(("min.compaction.lag.ms", Set, "10"));
        Assert.Equal(ErrorCode.InvalidConfig, Alter(("max.compaction.lag.ms", Set, "9")));
        Assert.Equal(
            ErrorCode.None, Alter(("max.compaction.lag.ms", Set, "9"), ("min.compaction.lag.ms", Delete, null)));
    }

    [Fact]
    public void OneBadChangeRefusesAllOfTheResource()
    {
        Assert.Equal(ErrorCode.InvalidConfig, Alter(("segment.ms", Set, "60000000"), ("segment.bytes", Set, "x")));
        Assert.Equal(ErrorCode.InvalidRequest, Alter(("segment.ms", Set, "6"), ("segment.ms", Delete, null)));
        Assert.Null(Own("segment.ms"));
    }

    [Fact]
    public void TwiceTheSameResourceIsRefusedTwice()
    {
        var request = new IncrementalAlterConfigsRequest { Resources = [Resource("t"), Resource("t")] };

        Assert.All(_changes.Alter(request, _image, []).Responses,
            response => Assert.Equal(ErrorCode.InvalidRequest, response.ErrorCode));
    }

    [Theory]
    [InlineData(2, "none", ErrorCode.UnknownTopicOrPartition)]
    [InlineData(0, "x", ErrorCode.InvalidRequest)]
    [InlineData(4, "2", ErrorCode.InvalidRequest)]
    [InlineData(8, "2", ErrorCode.InvalidRequest)]
    [InlineData(16, "", ErrorCode.InvalidRequest)]
    [InlineData(32, "", ErrorCode.InvalidRequest)]
    [InlineData(64, "x", ErrorCode.InvalidRequest)]
    public void OtherResourcesAreRefused(sbyte type, string name, ErrorCode expected)
    {
        var resource = Resource(name);
        resource.ResourceType = type;

        var response = _changes.Alter(
            new IncrementalAlterConfigsRequest { Resources = [resource] }, _image, []).Responses[0];

        Assert.Equal(expected, response.ErrorCode);
        Assert.NotNull(response.ErrorMessage);
    }

    [Theory]
    [InlineData(4, "1", "log.retention.ms", "1000", ErrorCode.None)]
    [InlineData(4, "", "message.max.bytes", "5", ErrorCode.None)]
    [InlineData(4, "1", "of.another.kafka", "x", ErrorCode.None)]
    [InlineData(4, "1", "message.max.bytes", "x", ErrorCode.InvalidRequest)]
    [InlineData(4, "1", "num.network.threads", "8", ErrorCode.InvalidRequest)]
    [InlineData(4, "1", "log.dirs", "/x", ErrorCode.InvalidRequest)]
    [InlineData(8, "1", "root", "LOUD", ErrorCode.InvalidConfig)]
    [InlineData(8, "1", "other", "INFO", ErrorCode.InvalidConfig)]
    [InlineData(16, "m", "interval.ms", "100", ErrorCode.None)]
    [InlineData(16, "m", "interval.ms", "99", ErrorCode.InvalidRequest)]
    [InlineData(16, "m", "no.such", "1", ErrorCode.InvalidRequest)]
    [InlineData(16, "m", "match", "client_id=a.*,client_source_port=1", ErrorCode.None)]
    [InlineData(16, "m", "match", "client_id=(", ErrorCode.InvalidConfig)]
    [InlineData(16, "m", "match", "nonsense=a", ErrorCode.InvalidConfig)]
    [InlineData(16, "m", "match", "client_id=(a)\\1", ErrorCode.InvalidConfig)]
    [InlineData(32, "g", "consumer.session.timeout.ms", "50000", ErrorCode.None)]
    [InlineData(32, "g", "consumer.session.timeout.ms", "1", ErrorCode.InvalidConfig)]
    [InlineData(32, "g", "no.such", "1", ErrorCode.InvalidConfig)]
    public void EachKindHasItsOwnSettings(sbyte type, string name, string config, string value, ErrorCode expected)
    {
        var resource = Resource(name, (config, Set, value));
        resource.ResourceType = type;
        var records = new List<IMessage>();
        var request = new IncrementalAlterConfigsRequest { Resources = [resource] };

        Assert.Equal(expected, _changes.Alter(request, _image, records).Responses[0].ErrorCode);
        Assert.Equal(
            expected == ErrorCode.None ? [(type, name, config, value)] : [],
            records.Cast<ConfigRecord>().Select(r => (r.ResourceType, r.ResourceName, r.Name, r.Value!)));
    }

    [Fact]
    public void ValidatingChangesNothing()
    {
        var records = new List<IMessage>();
        var request = new IncrementalAlterConfigsRequest
        {
            Resources = [Resource("t", ("segment.ms", Set, "5"))],
            ValidateOnly = true,
        };

        Assert.Equal(ErrorCode.None, _changes.Alter(request, _image, records).Responses[0].ErrorCode);
        Assert.Empty(records);
    }

    [Fact]
    public void ReplacingTakesAwayWhatIsNotNamed()
    {
        Alter(("segment.ms", Set, "777777"), ("retention.ms", Set, "-1"));

        Assert.Equal(ErrorCode.None, Replace(("segment.bytes", "2000000")));
        Assert.Equal("segment.bytes", Assert.Single(_image.Find("t")!.Configs).Key);
        Assert.Equal(ErrorCode.InvalidRequest, Replace(("segment.bytes", null)));
        Assert.Equal(ErrorCode.InvalidConfig, Replace(("segment.bytes", "x")));
        Assert.Equal(ErrorCode.None, Replace());
        Assert.Empty(_image.Find("t")!.Configs);
    }

    [Fact]
    public void WhatTheClusterHoldsIsATopicsDefault()
    {
        var settings = new BrokerSettings([new("message.max.bytes", "1000"), new("log.retention.bytes", "5")]);
        var cluster = ConfigsImage.Empty
            .Replay(ConfigsImage.Record(ConfigResource.Broker, "", "message.max.bytes", "2000"))
            .Replay(ConfigsImage.Record(ConfigResource.Broker, "1", "message.max.bytes", "3000"))
            .Replay(ConfigsImage.Record(ConfigResource.Broker, "", "log.segment.bytes", "2000000"));

        (string?, ConfigSource) Of(string name)
        {
            var config = EffectiveConfigs.Of(
                TopicConfigs.Find(name)!, settings, cluster, _image.Find("t")!.Configs);
            return (config.Value, config.Source);
        }

        Assert.Equal(("3000", ConfigSource.DynamicBroker), Of("max.message.bytes"));
        Assert.Equal(("2000000", ConfigSource.DynamicDefaultBroker), Of("segment.bytes"));
        Assert.Equal(("5", ConfigSource.StaticBroker), Of("retention.bytes"));
        Alter(("max.message.bytes", Set, "4000"));
        Assert.Equal(("4000", ConfigSource.DynamicTopic), Of("max.message.bytes"));
    }

    private static IncrementalAlterConfigsRequest.AlterConfigsResource Resource(
        string name, params (string Name, sbyte Operation, string? Value)[] changes) => new()
        {
            ResourceType = (sbyte)ConfigResource.Topic,
            ResourceName = name,
            Configs =
            [
                .. changes.Select(change => new IncrementalAlterConfigsRequest.AlterableConfig
                {
                    Name = change.Name,
                    ConfigOperation = change.Operation,
                    Value = change.Value,
                }),
            ],
        };

    private string? Own(string name) => _image.Find("t")!.Configs.GetValueOrDefault(name);

    private ErrorCode Alter(params (string Name, sbyte Operation, string? Value)[] changes)
    {
        var records = new List<IMessage>();
        var request = new IncrementalAlterConfigsRequest { Resources = [Resource("t", changes)] };
        var response = _changes.Alter(request, _image, records);
        _image = records.Aggregate(_image, (image, record) => image.Replay(record));
        return response.Responses[0].ErrorCode;
    }

    private ErrorCode Replace(params (string Name, string? Value)[] configs)
    {
        var records = new List<IMessage>();
        var resource = new AlterConfigsRequest.AlterConfigsResource
        {
            ResourceType = (sbyte)ConfigResource.Topic,
            ResourceName = "t",
            Configs = [.. configs.Select(
                config => new AlterConfigsRequest.AlterableConfig { Name = config.Name, Value = config.Value })],
        };
        var response = _changes.Alter(new AlterConfigsRequest { Resources = [resource] }, _image, records);
        _image = records.Aggregate(_image, (image, record) => image.Replay(record));
        return response.Responses[0].ErrorCode;
    }
}
