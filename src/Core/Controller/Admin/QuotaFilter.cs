using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Core.Controller.Admin;

/// <summary>Which quotas a DescribeClientQuotas asks for (KIP-546).</summary>
internal static class QuotaFilter
{
    private const sbyte Exact = 0;
    private const sbyte OfDefault = 1;
    private const sbyte Any = 2;

    public static DescribeClientQuotasResponse Describe(DescribeClientQuotasRequest request, ClientQuotasImage image)
    {
        if (WhatIsWrong(request.Components) is { } problem)
        {
            return new DescribeClientQuotasResponse
            {
                ErrorCode = problem.ErrorCode,
                ErrorMessage = problem.Message,
                Entries = null,
            };
        }

        var entries = new List<DescribeClientQuotasResponse.EntryData>();
        foreach (var (entity, quotas) in image.Quotas)
        {
            if (!Matches(entity, request))
                continue;
            entries.Add(new()
            {
                Entity = [.. entity.Parts.Select(part => new DescribeClientQuotasResponse.EntityData
                {
                    EntityType = part.Type,
                    EntityName = part.Name,
                })],
                Values = [.. quotas.Select(quota => new DescribeClientQuotasResponse.ValueData
                {
                    Key = quota.Key,
                    Value = quota.Value,
                })],
            });
        }

        return new DescribeClientQuotasResponse { ErrorMessage = "", Entries = entries };
    }

    private static Verdict? WhatIsWrong(List<DescribeClientQuotasRequest.ComponentData> components)
    {
        var kinds = new HashSet<string>();
        foreach (var component in components)
        {
            if (component.EntityType.Length == 0)
                return new Verdict(ErrorCode.InvalidRequest, "The type of an entity is empty.");
            if (!kinds.Add(component.EntityType))
                return new Verdict(ErrorCode.InvalidRequest, $"'{component.EntityType}' stands twice in the filter.");
            var isNamed = component.Match is not null;
            if (component.MatchType is not (Exact or OfDefault or Any) || isNamed != (component.MatchType == Exact))
                return new Verdict(ErrorCode.InvalidRequest, $"Match type {component.MatchType} does not go with it.");
            if (component.EntityType is not (QuotaChanges.User or QuotaChanges.ClientId or QuotaChanges.Ip))
            {
                return new Verdict(
                    ErrorCode.UnsupportedVersion, $"There are no quotas for '{component.EntityType}'.");
            }
        }

        return kinds.Contains(QuotaChanges.Ip) && kinds.Count > 1
            ? new Verdict(ErrorCode.InvalidRequest, "An address has quotas only by itself.")
            : null;
    }

    /// <summary>Strictly, the entity is of the named kinds and no more.</summary>
    private static bool Matches(QuotaEntity entity, DescribeClientQuotasRequest request) =>
        (!request.Strict || entity.Parts.Length == request.Components.Count)
        && request.Components.All(component => entity.Parts.Any(part =>
            part.Type == component.EntityType && component.MatchType switch
            {
                Exact => part.Name == component.Match,
                OfDefault => part.Name is null,
                _ => true,
            }));
}
