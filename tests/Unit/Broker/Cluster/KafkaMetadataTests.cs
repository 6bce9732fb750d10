using System.Text.Json;
using Millrace.Broker.Cluster;
using Millrace.Core.Controller;
using Millrace.Protocol.Wire;
using Millrace.Shared;
using Millrace.Unit.Core.Log;
using Millrace.Unit.Simulated;

namespace Millrace.Unit.Broker.Cluster;

/// <summary>
/// The metadata of two clusters of Apache Kafka 4.4 is read as Kafka's own clients see it: one was stopped in order,
/// the other killed, and its log begins at a snapshot.
/// </summary>
public sealed class KafkaMetadataTests
{
    private static readonly string[] ResourceTypes =
        ["", "", "TOPIC", "GROUP", "CLUSTER", "TRANSACTIONAL_ID", "DELEGATION_TOKEN", "USER"];

    private static readonly string[] Operations =
    [
        "", "", "ALL", "READ", "WRITE", "CREATE", "DELETE", "ALTER", "DESCRIBE", "CLUSTER_ACTION", "DESCRIBE_CONFIGS",
        "ALTER_CONFIGS", "IDEMPOTENT_WRITE", "CREATE_TOKENS", "DESCRIBE_TOKENS",
    ];

    public static TheoryData<string> Directories => [KafkaArchive.Stopped, KafkaArchive.Killed];

    [Theory]
    [MemberData(nameof(Directories))]
    public void Topics(string name) => Check(name, (kafka, image) => Assert.Equal(
        kafka.Expected("topics").EnumerateObject().Select(topic => string.Join(' ',
            topic.Name, topic.Value.GetProperty("id"), topic.Value.GetProperty("partitions"),
            topic.Value.GetProperty("internal").GetBoolean(), Pairs(topic.Value.GetProperty("configs")))),
        image.Topics.Values.OrderBy(topic => topic.Name, StringComparer.Ordinal).Select(topic => string.Join(' ',
            topic.Name, topic.Id, topic.Partitions.Length, TopicName.IsInternal(topic.Name), Pairs(topic.Configs)))));

    [Theory]
    [MemberData(nameof(Directories))]
    public void Configs(string name) => Check(name, (kafka, image) =>
    {
        var expected = kafka.Expected("configs");
        foreach (var resource in expected.EnumerateObject())
        {
            var (type, of) = resource.Name.Split(' ', 2) is [var first, var second] ? (first, second) : ("", "");
            var own = type switch
            {
                "BROKER" when of == "" => image.Configs.OfAllBrokers,
                "BROKER" => image.Configs.OfAllBrokers.SetItems(image.Configs.OfBroker(int.Parse(of))),
                "GROUP" => image.Configs.Of(ConfigResource.Group, of),
                _ => image.Configs.Of(ConfigResource.ClientMetrics, of),
            };
            Assert.Equal(
                resource.Value.EnumerateObject().Select(config => $"{config.Name}={config.Value.GetProperty("value")}"),
                own.Select(config => $"{config.Key}={config.Value}").Order(StringComparer.Ordinal));
        }

        var resources = image.Configs.Resources.Keys.Count(key => key != (ConfigResource.Broker, "1"));
        Assert.Equal(expected.EnumerateObject().Count(resource => resource.Name != "BROKER 1"), resources);
    });

    [Theory]
    [MemberData(nameof(Directories))]
    public void AccessControl(string name) => Check(name, (kafka, image) => Assert.Equal(
        kafka.Expected("acls").EnumerateArray().Select(acl => string.Join(' ',
            ((string[])
            ["host", "operation", "patternType", "permission", "principal", "resourceName", "resourceType"])
            .Select(field => acl.GetProperty(field)))).Order(StringComparer.Ordinal),
        image.Acls.Entries.Values.Select(acl => string.Join(' ',
            acl.Host, Operations[acl.Operation], acl.PatternType == 3 ? "LITERAL" : "PREFIXED",
            acl.PermissionType == 3 ? "ALLOW" : "DENY", acl.Principal, acl.ResourceName,
            ResourceTypes[acl.ResourceType])).Order(StringComparer.Ordinal)));

    [Theory]
    [MemberData(nameof(Directories))]
    public void ScramUsers(string name) => Check(name, (kafka, image) => Assert.Equal(
        kafka.Expected("scram-users").EnumerateObject().SelectMany(user => user.Value.EnumerateArray().Select(
            scram => $"{user.Name} {scram.GetProperty("mechanism")} {scram.GetProperty("iterations")}")),
        image.Scram.Credentials.Values.Select(scram =>
            $"{scram.Name} {(scram.Mechanism == 1 ? "SCRAM-SHA-256" : "SCRAM-SHA-512")} {scram.Iterations}")
            .Order(StringComparer.Ordinal)));

    [Theory]
    [MemberData(nameof(Directories))]
    public void Quotas(string name) => Check(name, (kafka, image) => Assert.Equal(
        kafka.Expected("quotas").EnumerateArray().Select(quota =>
            $"{Pairs(quota.GetProperty("entity"))}: {Pairs(quota.GetProperty("quotas"))}")
            .Order(StringComparer.Ordinal),
        image.ClientQuotas.Quotas.Select(quota =>
            string.Join(", ", quota.Key.Parts.Select(part => $"{part.Type}={part.Name}")) + ": "
            + string.Join(", ", quota.Value.Select(limit => $"{limit.Key}={limit.Value}")))
            .Order(StringComparer.Ordinal)));

    [Theory]
    [MemberData(nameof(Directories))]
    public void Features(string name) => Check(name, (kafka, image) => Assert.Equal(
        Pairs(kafka.Expected("features").GetProperty("finalized").EnumerateObject()
            .Where(feature => feature.Name != "kraft.version")),
        Pairs(image.Features.Levels.Select(level => KeyValuePair.Create(level.Key, $"{level.Value}")))));

    [Theory]
    [MemberData(nameof(Directories))]
    public void DelegationTokens(string name) => Check(name, (kafka, image) => Assert.Equal(
        kafka.Expected("delegation-tokens").EnumerateArray().Select(token => string.Join(' ',
            token.GetProperty("tokenId"), token.GetProperty("owner"), token.GetProperty("requester"),
            token.GetProperty("issueTimestamp"), token.GetProperty("maxTimestamp"),
            token.GetProperty("expiryTimestamp"),
            string.Join(',', token.GetProperty("renewers").EnumerateArray()))),
        image.DelegationTokens.Tokens.Values.Select(token => string.Join(' ',
            token.TokenId, token.Owner, token.Requester, token.IssueTimestamp, token.MaxTimestamp,
            token.ExpirationTimestamp, string.Join(',', token.Renewers)))));

    [Theory]
    [MemberData(nameof(Directories))]
    public void Brokers(string name) => Check(name, (kafka, image) => Assert.Equal(
        kafka.Expected("cluster").GetProperty("nodes").EnumerateArray().Select(node => node.GetString()),
        image.Brokers.Brokers.Values.Select(broker =>
        {
            var address = broker.Registration.EndPoints.Single(endpoint => endpoint.Name == "PLAINTEXT");
            return $"{broker.Registration.BrokerId} {address.Host}:{address.Port}";
        })));

    [Theory]
    [MemberData(nameof(Directories))]
    public void ItsRecordsMakeTheSameImage(string name) => Check(name, (_, image) =>
    {
        var again = image.Records().Select(ThroughBytes).Aggregate(
            ClusterImage.Empty, (made, record) => made.Replay(record));
        Assert.Equal(Text(image), Text(again));
    });

    private static void Check(string name, Action<KafkaArchive, ClusterImage> check)
    {
        var kafka = new KafkaDirectory(name);
        var told = new List<string>();
        var options = new MetadataLogOptions(1) { Log = told.Add };
        using var log = LocalMetadataLog.Open(kafka.Disk, options, LogFixture.Now);
        var replay = new MetadataReplay();
        foreach (var record in log.ReadAll())
            replay.Replay(record);
        Assert.False(replay.IsTransactionOpen);
        Assert.Empty(told);
        check(kafka.Archive, replay.Image);
    }

    private static IMessage ThroughBytes(IMessage record)
    {
        using var writer = new WireWriter();
        MetadataRecord.Write(writer, record);
        return MetadataRecord.Read(writer.Written.ToArray());
    }

    private static List<string> Text(ClusterImage image) =>
        [.. image.Records().Select(record => JsonSerializer.Serialize(record, record.GetType()))
            .Order(StringComparer.Ordinal)];

    private static string Pairs(JsonElement pairs) => Pairs(pairs.EnumerateObject());

    private static string Pairs(IEnumerable<JsonProperty> pairs) => string.Join(", ", pairs.Select(pair =>
        $"{pair.Name}={(pair.Value.ValueKind == JsonValueKind.Number ? pair.Value.GetDouble() : pair.Value)}"));

    private static string Pairs(IEnumerable<KeyValuePair<string, string>> pairs) =>
        string.Join(", ", pairs.OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => $"{pair.Key}={pair.Value}"));
}
