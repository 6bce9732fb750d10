using Millrace.Core.Controller;
using Millrace.Core.Controller.Admin;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Core.Controller.Admin;

/// <summary>Which levels features may get, and what is recorded.</summary>
public sealed class FeatureUpdatesTests
{
    private const sbyte Upgrade = 1;
    private const sbyte SafeDowngrade = 2;
    private const sbyte UnsafeDowngrade = 3;

    private readonly List<IMessage> _records = [];

    [Theory]
    [InlineData("group.version", 1, Upgrade, 0)]
    [InlineData("group.version", 0, SafeDowngrade, 1)]
    [InlineData("transaction.version", 1, UnsafeDowngrade, 1)]
    [InlineData("kraft.version", 0, Upgrade, 0)]
    public void AGoodLevelIsRecordedWhereItIsAnother(string feature, short level, sbyte type, int records)
    {
        Assert.Equal(ErrorCode.None, Update((feature, level, type)).ErrorCode);
        Assert.Equal(records, _records.Count);
    }

    [Theory]
    [InlineData("group.version", 2, Upgrade)]
    [InlineData("group.version", -1, SafeDowngrade)]
    [InlineData("group.version", 0, Upgrade)]
    [InlineData("group.version", 0, 0)]
    [InlineData("metadata.version", 20, UnsafeDowngrade)]
    [InlineData("kraft.version", 1, Upgrade)]
    [InlineData("kraft.version", 2, Upgrade)]
    [InlineData("no.such", 0, Upgrade)]
    public void AWrongLevelIsRefused(string feature, short level, sbyte type) =>
        Assert.Equal(ErrorCode.InvalidUpdateVersion, Update((feature, level, type)).ErrorCode);

    [Fact]
    public void AllAreGrantedOrNone()
    {
        Update(("group.version", 0, SafeDowngrade), ("no.such", 1, Upgrade));

        Assert.Empty(_records);
    }

    [Fact]
    public void AnUpgradeIsNoDowngrade()
    {
        var image = FeaturesImage.OfNewCluster.Replay(new() { Name = "group.version", FeatureLevel = 0 });

        Assert.Equal(ErrorCode.InvalidUpdateVersion, Update(image, ("group.version", 1, SafeDowngrade)).ErrorCode);
        Assert.Equal(ErrorCode.None, Update(image, ("group.version", 1, Upgrade)).ErrorCode);
        Assert.Equal(1, Assert.IsType<FeatureLevelRecord>(Assert.Single(_records)).FeatureLevel);
    }

    private UpdateFeaturesResponse Update(params (string Feature, short Level, sbyte Type)[] updates) =>
        Update(FeaturesImage.OfNewCluster, updates);

    private UpdateFeaturesResponse Update(
        FeaturesImage image, params (string Feature, short Level, sbyte Type)[] updates) =>
        FeatureUpdates.Update(
            new()
            {
                FeatureUpdates = [.. updates.Select(update => new UpdateFeaturesRequest.FeatureUpdateKey
                {
                    Feature = update.Feature,
                    MaxVersionLevel = update.Level,
                    UpgradeType = update.Type,
                })],
            },
            image, _records);
}
