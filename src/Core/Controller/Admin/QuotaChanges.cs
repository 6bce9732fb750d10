using System.Collections.Immutable;
using System.Net;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Controller.Admin;

/// <summary>What a request to change client quotas (KIP-546) comes to. Each entity's changes are granted all or none.
/// </summary>
internal static class QuotaChanges
{
    public const string User = "user";
    public const string ClientId = "client-id";
    public const string Ip = "ip";

    private const double RoundingError = 1e-6;

    /// <summary>By key the greatest value, and whether it may have a fraction; for clients and users.</summary>
    private static readonly Dictionary<string, (double Most, bool IsWhole)> OfClients = new()
    {
        ["producer_byte_rate"] = (long.MaxValue, true),
        ["consumer_byte_rate"] = (long.MaxValue, true),
        ["request_percentage"] = (double.MaxValue, false),
        ["controller_mutation_rate"] = (double.MaxValue, false),
    };

    private static readonly Dictionary<string, (double Most, bool IsWhole)> OfAddresses = new()
    {
        ["connection_creation_rate"] = (int.MaxValue, true),
    };

    public static AlterClientQuotasResponse Alter(
        AlterClientQuotasRequest request, ClientQuotasImage image, List<IMessage> records)
    {
        var response = new AlterClientQuotasResponse();
        var answers = new Dictionary<QuotaEntity, AlterClientQuotasResponse.EntryData>();
        foreach (var entry in request.Entries)
        {
            // Of a kind that is named twice the last name counts, as in Kafka.
            var parts = entry.Entity.GroupBy(part => part.EntityType).Select(
                group => new ClientQuotaRecord.EntityData
                {
                    EntityType = group.Key,
                    EntityName = group.Last().EntityName,
                }).ToList();
            var entity = new QuotaEntity(parts);
            var decided = new List<IMessage>();
            var isRepeated = answers.TryGetValue(entity, out var answer);
            if (answer is null)
            {
                answer = new() { ErrorMessage = null };
                answer.Entity.AddRange(entity.Parts.Select(part => new AlterClientQuotasResponse.EntityData
                {
                    EntityType = part.Type,
                    EntityName = part.Name,
                }));
                answers.Add(entity, answer);
                response.Entries.Add(answer);
            }

            var problem = isRepeated ? "The entity is named more than once in the request."
                : EntityProblem(entity, out var keys)
                ?? Alter(entity, parts, entry.Ops, keys, image, decided);
            if (problem is not null)
                (answer.ErrorCode, answer.ErrorMessage) = (ErrorCode.InvalidRequest, problem);
            else if (!request.ValidateOnly)
                records.AddRange(decided);
        }

        return response;
    }

    private static string? EntityProblem(QuotaEntity entity, out Dictionary<string, (double Most, bool IsWhole)> keys)
    {
        var kinds = entity.Parts.Select(part => part.Type).ToList();
        keys = kinds.Contains(Ip) ? OfAddresses : OfClients;
        if (kinds.Count == 0)
            return "The entity is empty.";
        if (kinds.FirstOrDefault(kind => kind is not (User or ClientId or Ip)) is { } unknown)
            return $"There are no quotas for '{unknown}'.";
        if (entity.Parts.Any(part => part.Name?.Length == 0))
            return "The name of an entity is empty.";
        if (kinds.Contains(Ip) && kinds.Count > 1)
            return "An address has quotas only by itself.";
        return entity.Parts.Any(part =>
            part is { Type: Ip, Name: not null } && !IPAddress.TryParse(part.Name, out _))
            ? "The ip is no address."
            : null;
    }

    private static string? Alter(
        QuotaEntity entity, List<ClientQuotaRecord.EntityData> parts, List<AlterClientQuotasRequest.OpData> ops,
        Dictionary<string, (double Most, bool IsWhole)> keys, ClientQuotasImage image, List<IMessage> records)
    {
        var present = image.Quotas.GetValueOrDefault(entity, ImmutableSortedDictionary<string, double>.Empty);
        foreach (var op in ops.GroupBy(op => op.Key).Select(group => group.Last()))
        {
            var isPresent = present.TryGetValue(op.Key, out var value);
            if (op.Remove ? !isPresent : isPresent && value == op.Value)
                continue;
            if (!op.Remove && ValueProblem(op.Key, op.Value, keys) is { } problem)
                return problem;
            records.Add(new ClientQuotaRecord
            {
                Entity = parts,
                Key = op.Key,
                Value = op.Remove ? 0 : op.Value,
                Remove = op.Remove,
            });
        }

        return null;
    }

    private static string? ValueProblem(
        string key, double value, Dictionary<string, (double Most, bool IsWhole)> keys)
    {
        if (!keys.TryGetValue(key, out var bounds))
            return $"'{key}' is no quota of such an entity.";
        if (!(value > 0) || value > bounds.Most)
            return $"{key} must be greater than 0 and at most {bounds.Most}.";
        return bounds.IsWhole && Math.Abs(value - Math.Round(value)) > RoundingError
            ? $"{key} must be a whole number."
            : null;
    }
}
