using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Controller.Admin;

/// <summary>
/// What a request to change the cluster's feature levels (KIP-584) comes to: all of it or nothing. The form of the
/// metadata log stays as it is, since what it holds can't be told in an older one.
/// </summary>
internal static class FeatureUpdates
{
    /// <summary>The form of the quorum's log, which no record has: 0, whose voters are configured.</summary>
    private const string KRaftVersion = "kraft.version";

    private const short MostKRaftVersion = 1;

    /// <summary>How a lower level is meant.</summary>
    private enum UpgradeType : sbyte
    {
        Upgrade = 1,
        SafeDowngrade = 2,
        UnsafeDowngrade = 3,
    }

    public static UpdateFeaturesResponse Update(
        UpdateFeaturesRequest request, FeaturesImage image, List<IMessage> records)
    {
        var decided = new List<IMessage>();
        foreach (var update in request.FeatureUpdates)
        {
            var type = update.AllowDowngrade ? UpgradeType.SafeDowngrade : (UpgradeType)update.UpgradeType;
            if (WhatIsWrong(update, type, image, request.ValidateOnly) is { } problem)
            {
                return new UpdateFeaturesResponse
                {
                    ErrorCode = ErrorCode.InvalidUpdateVersion,
                    ErrorMessage = $"The level of {update.Feature} can't become {update.MaxVersionLevel}: {problem}.",
                };
            }

            if (update.Feature != KRaftVersion
                && update.MaxVersionLevel != image.Levels.GetValueOrDefault(update.Feature))
            {
                decided.Add(new FeatureLevelRecord
                {
                    Name = update.Feature,
                    FeatureLevel = update.MaxVersionLevel,
                });
            }
        }

        if (!request.ValidateOnly)
            records.AddRange(decided);
        return new UpdateFeaturesResponse { ErrorMessage = null };
    }

    private static string? WhatIsWrong(
        UpdateFeaturesRequest.FeatureUpdateKey update, UpgradeType type, FeaturesImage image, bool validateOnly)
    {
        var level = update.MaxVersionLevel;
        if (!Enum.IsDefined(type))
            return "the type of the upgrade is unknown";
        if (update.Feature == KRaftVersion)
        {
            return level is < 0 or > MostKRaftVersion ? "it is not supported"
                : level > 0 && !validateOnly ? "the voters of a single node are configured"
                : null;
        }

        if (!FeaturesImage.OfNewCluster.Levels.TryGetValue(update.Feature, out var most))
            return "no such feature is known";
        if (level < 0 || level > most)
            return $"0 to {most} are supported";
        var current = image.Levels.GetValueOrDefault(update.Feature);
        if (level < current && type == UpgradeType.Upgrade)
            return $"it is {current}, and a downgrade must be asked for as one";
        if (level > current && type != UpgradeType.Upgrade)
            return $"it is {current}, and that is no downgrade";
        return level < current && update.Feature == FeaturesImage.MetadataVersion
            ? "the metadata would be lost"
            : null;
    }
}
