using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Controller;

/// <summary>A metadata record of a type or version that this program does not know.</summary>
internal sealed class UnknownRecordException(uint type, uint version) : IOException(
    $"The metadata holds a record of type {type} in version {version}, which this version of Millrace does not know: "
    + "what it says would be lost. Start a newer Millrace, or the Kafka that wrote it.");

/// <summary>
/// The frame of a record in <c>__cluster_metadata</c>: unsigned varints 1 (the frame's version), record type and
/// record version, then the record, as Kafka's KRaft writes it.
/// </summary>
internal static class MetadataRecord
{
    private const uint FrameVersion = 1;

    /// <summary>By type: the class and the newest version, which is the one that is written.</summary>
    private static readonly Kind?[] Kinds =
    [
        Of<RegisterBrokerRecord>(RegisterBrokerRecord.HighestVersion),
        Of<UnregisterBrokerRecord>(UnregisterBrokerRecord.HighestVersion),
        Of<TopicRecord>(TopicRecord.HighestVersion),
        Of<PartitionRecord>(PartitionRecord.HighestVersion),
        Of<ConfigRecord>(ConfigRecord.HighestVersion),
        Of<PartitionChangeRecord>(PartitionChangeRecord.HighestVersion),
        null,
        Of<FenceBrokerRecord>(FenceBrokerRecord.HighestVersion),
        Of<UnfenceBrokerRecord>(UnfenceBrokerRecord.HighestVersion),
        Of<RemoveTopicRecord>(RemoveTopicRecord.HighestVersion),
        Of<DelegationTokenRecord>(DelegationTokenRecord.HighestVersion),
        Of<UserScramCredentialRecord>(UserScramCredentialRecord.HighestVersion),
        Of<FeatureLevelRecord>(FeatureLevelRecord.HighestVersion),
        null,
        Of<ClientQuotaRecord>(ClientQuotaRecord.HighestVersion),
        Of<ProducerIdsRecord>(ProducerIdsRecord.HighestVersion),
        null,
        Of<BrokerRegistrationChangeRecord>(BrokerRegistrationChangeRecord.HighestVersion),
        Of<AccessControlEntryRecord>(AccessControlEntryRecord.HighestVersion),
        Of<RemoveAccessControlEntryRecord>(RemoveAccessControlEntryRecord.HighestVersion),
        Of<NoOpRecord>(NoOpRecord.HighestVersion),
        Of<ZkMigrationStateRecord>(ZkMigrationStateRecord.HighestVersion),
        Of<RemoveUserScramCredentialRecord>(RemoveUserScramCredentialRecord.HighestVersion),
        Of<BeginTransactionRecord>(BeginTransactionRecord.HighestVersion),
        Of<EndTransactionRecord>(EndTransactionRecord.HighestVersion),
        Of<AbortTransactionRecord>(AbortTransactionRecord.HighestVersion),
        Of<RemoveDelegationTokenRecord>(RemoveDelegationTokenRecord.HighestVersion),
        Of<RegisterControllerRecord>(RegisterControllerRecord.HighestVersion),
        Of<ClearElrRecord>(ClearElrRecord.HighestVersion),
        Of<UnregisterControllerRecord>(UnregisterControllerRecord.HighestVersion),
    ];

    private static readonly Dictionary<Type, uint> Types = Kinds
        .Select((kind, type) => (kind, type))
        .Where(entry => entry.kind is not null)
        .ToDictionary(entry => entry.kind!.Class, entry => (uint)entry.type);

    public static void Write(WireWriter writer, IMessage record)
    {
        if (!Types.TryGetValue(record.GetType(), out var type))
            throw new ArgumentException($"{record.GetType().Name} is no metadata record.");
        var version = Kinds[type]!.HighestVersion;
        writer.UnsignedVarint(FrameVersion);
        writer.UnsignedVarint(type);
        writer.UnsignedVarint((uint)version);
        record.Write(writer, version);
    }

    /// <exception cref="MalformedFrameException">The bytes are no metadata record.</exception>
    /// <exception cref="UnknownRecordException">A newer program wrote it.</exception>
    public static IMessage Read(Memory<byte> value)
    {
        var reader = new WireReader(value);
        if (reader.UnsignedVarint() != FrameVersion)
            throw new MalformedFrameException("A metadata record has an unknown frame version.");
        var type = reader.UnsignedVarint();
        var version = reader.UnsignedVarint();
        if (type >= Kinds.Length || Kinds[type] is not { } kind || version > (uint)kind.HighestVersion)
            throw new UnknownRecordException(type, version);
        var record = kind.New();
        record.Read(ref reader, (short)version);
        return record;
    }

    private static Kind Of<T>(short highestVersion)
        where T : IMessage, new() => new(typeof(T), highestVersion, () => new T());

    private sealed record Kind(Type Class, short HighestVersion, Func<IMessage> New);
}
