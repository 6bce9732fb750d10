using System.Collections.Immutable;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Controller;

/// <summary>
/// Whom a quota is for: names by kind (user, client-id, ip), a null name for the default of the kind.
/// </summary>
internal sealed class QuotaEntity : IEquatable<QuotaEntity>
{
    public QuotaEntity(IEnumerable<ClientQuotaRecord.EntityData> parts) =>
        Parts = [.. parts.Select(part => (part.EntityType, part.EntityName)).OrderBy(
            part => part.EntityType, StringComparer.Ordinal)];

    public ImmutableArray<(string Type, string? Name)> Parts { get; }

    public bool Equals(QuotaEntity? other) => other is not null && Parts.SequenceEqual(other.Parts);

    public override bool Equals(object? obj) => Equals(obj as QuotaEntity);

    public override int GetHashCode() =>
        Parts.Aggregate(0, (hash, part) => HashCode.Combine(hash, part.Type, part.Name));
}

/// <summary>The quotas of clients, by whom they are for.</summary>
internal sealed record ClientQuotasImage(
    ImmutableDictionary<QuotaEntity, ImmutableSortedDictionary<string, double>> Quotas)
{
    public static readonly ClientQuotasImage Empty =
        new(ImmutableDictionary<QuotaEntity, ImmutableSortedDictionary<string, double>>.Empty);

    public ClientQuotasImage Replay(ClientQuotaRecord record)
    {
        var entity = new QuotaEntity(record.Entity);
        var before = Quotas.GetValueOrDefault(entity, ImmutableSortedDictionary<string, double>.Empty);
        var after = record.Remove ? before.Remove(record.Key) : before.SetItem(record.Key, record.Value);
        return new ClientQuotasImage(after.IsEmpty ? Quotas.Remove(entity) : Quotas.SetItem(entity, after));
    }

    public IEnumerable<IMessage> Records() =>
        from quota in Quotas
        from limit in quota.Value
        select new ClientQuotaRecord
        {
            Entity = [.. quota.Key.Parts.Select(part => new ClientQuotaRecord.EntityData
            {
                EntityType = part.Type,
                EntityName = part.Name,
            })],
            Key = limit.Key,
            Value = limit.Value,
        };
}
