using System.Buffers.Binary;
using System.Collections;
using System.Reflection;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Millrace.Protocol.Wire;

namespace Millrace.Commands;

/// <summary>A record of an internal topic as the name of its type and JSON.</summary>
internal sealed record DecodedRecord(string Type, string? Key, string? Value);

/// <summary>
/// The records of the internal topics and of the metadata log, decoded with the generated messages where they exist;
/// of the other types only the name is known.
/// </summary>
internal static class LogInternalRecords
{
    private static readonly string[] MetadataTypes =
    [
        "RegisterBrokerRecord", "UnregisterBrokerRecord", "TopicRecord", "PartitionRecord", "ConfigRecord",
        "PartitionChangeRecord", "AccessControlRecord", "FenceBrokerRecord", "UnfenceBrokerRecord",
        "RemoveTopicRecord", "DelegationTokenRecord", "UserScramCredentialRecord", "FeatureLevelRecord", "",
        "ClientQuotaRecord", "ProducerIdsRecord", "", "BrokerRegistrationChangeRecord", "AccessControlEntryRecord",
        "RemoveAccessControlEntryRecord", "NoOpRecord", "ZkMigrationStateRecord", "RemoveUserScramCredentialRecord",
        "BeginTransactionRecord", "EndTransactionRecord", "AbortTransactionRecord", "RemoveDelegationTokenRecord",
        "RegisterControllerRecord", "ClearElrRecord",
    ];

    private static readonly string[] GroupTypes =
    [
        "OffsetCommit", "OffsetCommit", "GroupMetadata", "ConsumerGroupMetadata", "ConsumerGroupPartitionMetadata",
        "ConsumerGroupMemberMetadata", "ConsumerGroupTargetAssignmentMetadata", "ConsumerGroupTargetAssignmentMember",
        "ConsumerGroupCurrentMemberAssignment", "ShareGroupPartitionMetadata", "ShareGroupMemberMetadata",
        "ShareGroupMetadata", "ShareGroupTargetAssignmentMetadata", "ShareGroupTargetAssignmentMember",
        "ShareGroupCurrentMemberAssignment", "ShareGroupStatePartitionMetadata", "ConsumerGroupRegularExpression",
        "StreamsGroupMetadata", "StreamsGroupPartitionMetadata", "StreamsGroupMemberMetadata",
        "StreamsGroupTargetAssignmentMetadata", "StreamsGroupTargetAssignmentMember",
        "StreamsGroupCurrentMemberAssignment", "StreamsGroupTopology",
    ];

    /// <summary>Null where the topic is no internal one or the record has no known type.</summary>
    public static DecodedRecord? Decode(string topic, byte[]? key, byte[]? value) => topic switch
    {
        "__cluster_metadata" => value is null ? null : Metadata(value),
        "__consumer_offsets" => Keyed(GroupTypes, key, value),
        "__transaction_state" => Keyed(["TransactionLog"], key, value),
        "__share_group_state" => Keyed(["ShareSnapshot", "ShareUpdate"], key, value),
        _ => null,
    };

    private static DecodedRecord? Metadata(byte[] value)
    {
        try
        {
            var reader = new WireReader(value);
            if (reader.UnsignedVarint() != 1)
                return null;
            var type = reader.UnsignedVarint();
            var version = (short)reader.UnsignedVarint();
            var name = type < MetadataTypes.Length && MetadataTypes[type].Length > 0
                ? MetadataTypes[type]
                : $"type {type}";
            return New(name) is { } message ? new DecodedRecord(name, null, Read(message, ref reader, version))
                : new DecodedRecord(name, null, null);
        }
        catch (MalformedFrameException)
        {
            return null;
        }
    }

    private static DecodedRecord? Keyed(string[] types, byte[]? key, byte[]? value)
    {
        if (key is not { Length: >= 2 })
            return null;
        var type = BinaryPrimitives.ReadInt16BigEndian(key);
        if (type < 0 || type >= types.Length)
            return null;
        return new DecodedRecord(types[type], Body(types[type] + "Key", key, 0),
            value is { Length: >= 2 }
                ? Body(types[type] + "Value", value, BinaryPrimitives.ReadInt16BigEndian(value))
                : null);
    }

    private static string? Body(string name, byte[] bytes, short version)
    {
        if (New(name) is not { } message)
            return null;
        try
        {
            var reader = new WireReader(bytes.AsMemory(sizeof(short)));
            return Read(message, ref reader, version);
        }
        catch (MalformedFrameException)
        {
            return null;
        }
    }

    private static IMessage? New(string name) =>
        typeof(IMessage).Assembly.GetType("Millrace.Protocol.Messages." + name) is { } type
        && typeof(IMessage).IsAssignableFrom(type)
            ? (IMessage)Activator.CreateInstance(type)!
            : null;

    private static string Read(IMessage message, ref WireReader reader, short version)
    {
        message.Read(ref reader, version);
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(
            stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            Write(json, message);
        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    private static void Write(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case string text:
                json.WriteStringValue(text);
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case double number:
                json.WriteRawValue(JsonSerializer.Serialize(double.IsFinite(number) ? number : 0));
                break;
            case ulong or uint or ushort or byte:
                json.WriteNumberValue(Convert.ToUInt64(value));
                break;
            case long or int or short or sbyte:
                json.WriteNumberValue(Convert.ToInt64(value));
                break;
            case Uuid or Enum:
                json.WriteStringValue(value.ToString());
                break;
            case Memory<byte> bytes:
                json.WriteBase64StringValue(bytes.Span);
                break;
            case ReadOnlyMemory<byte> bytes:
                json.WriteBase64StringValue(bytes.Span);
                break;
            case byte[] bytes:
                json.WriteBase64StringValue(bytes);
                break;
            case IEnumerable list:
                json.WriteStartArray();
                foreach (var item in list)
                    Write(json, item);
                json.WriteEndArray();
                break;
            default:
                WriteFields(json, value);
                break;
        }
    }

    private static void WriteFields(Utf8JsonWriter json, object value)
    {
        json.WriteStartObject();
        foreach (var field in value.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (field.GetIndexParameters().Length > 0)
                continue;
            json.WritePropertyName(JsonNamingPolicy.CamelCase.ConvertName(field.Name));
            Write(json, field.GetValue(value));
        }

        json.WriteEndObject();
    }
}
