using Millrace.Simulation.Machine;

namespace Millrace.Simulation;

/// <summary>A simulation that finds nothing proves nothing: each of these bugs must be found.</summary>
public sealed class PlantedBugTests(ITestOutputHelper output)
{
    private const int MostSeeds = 100;

    [Theory]
    [InlineData("AckBeforeFlush")]
    [InlineData("IndexOffByOne")]
    [InlineData("TruncateTooLittle")]
    [InlineData("CompleteBeforeMarkers")]
    [InlineData("AssignBeforeRelease")]
    [InlineData("CommitGoesBack")]
    [InlineData("RedeliverAccepted")]
    public void IsFound(string bug)
    {
        var found = Seeds.FirstToFind(Enum.Parse<PlantedBug>(bug), MostSeeds);

        Assert.True(found is not null, $"{bug} was not found by {MostSeeds} seeds.");
        output.WriteLine($"{bug} was found by seed {found.Value.Seed}: {found.Value.Failure}");
    }
}
