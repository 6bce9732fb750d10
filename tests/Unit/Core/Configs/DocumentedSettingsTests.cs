using Millrace.Core.Configs;

namespace Millrace.Unit.Core.Configs;

/// <summary>The table of settings in docs/configuration.md is the definitions.</summary>
public sealed class DocumentedSettingsTests
{
    [Fact]
    public void EverySettingStandsInTheTableWithItsDefault()
    {
        var defined = BrokerConfigs.All.Select(
            config => $"| `{config.Name}` | {config.Default} | {config.Documentation} |").ToList();
        var documented = File.ReadLines(Checkout.File("docs", "configuration.md"))
            .SkipWhile(line => line != "## Settings").Skip(1)
            .TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal))
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal)).ToList();

        Assert.True(
            defined.SequenceEqual(documented),
            $"The table must be:\n{string.Join('\n', defined)}");
    }
}
