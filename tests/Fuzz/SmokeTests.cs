namespace Millrace.Fuzz;

/// <summary>
/// A million hostile frames: the broker refuses or answers each, and serves good clients all the while.
/// </summary>
public sealed class SmokeTests
{
    private const int Rounds = 1_000_000 / Round.Frames;

    [Fact]
    public void AMillionFramesDoNoHarm()
    {
        var (_, failures) = Fuzzing.Run(1, begun => begun == Rounds);
        Assert.True(failures.Count == 0, string.Join("\n\n", failures.Take(5)));
    }
}
