using System.Globalization;

namespace Millrace.Simulation;

/// <summary>Many seeds, and those that once found something.</summary>
public sealed class SeedTests
{
    /// <summary>Seeds that failed once, with the cause.</summary>
    private static readonly (int Seed, string Cause)[] Found =
    [
    ];

    private static int Count =>
        int.TryParse(
            Environment.GetEnvironmentVariable("MILLRACE_SEEDS"), CultureInfo.InvariantCulture, out var count)
            ? count
            : 500;

    [Fact]
    public void NothingThatWasPromisedIsLostAndEveryRarePathIsGone()
    {
        var result = Seeds.Run(1, Count);

        Assert.True(result.Failures.Count == 0, string.Join("\n\n", result.Failures.Take(5)));
        var missing = Enum.GetValues<Rare>().Where(path => result.Sometimes[path] == 0).ToList();
        Assert.True(missing.Count == 0, $"Never seen: {string.Join(", ", missing)}");
    }

    [Fact]
    public void SeedsThatOnceFailedDoNotFailAgain()
    {
        var failures = Found.SelectMany(found => Seeds.Run(found.Seed, 1).Failures
            .Select(failure => $"{failure}\n  It once failed because: {found.Cause}"));

        Assert.Empty(failures);
    }
}
