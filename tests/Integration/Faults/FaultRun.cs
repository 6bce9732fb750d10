using System.Globalization;

namespace Millrace.Integration.Faults;

/// <summary>
/// How many faults a run injects, and from which seed. MILLRACE_FAULTS is "full" or a number of rounds; without it the
/// short form runs, which belongs to every test run. MILLRACE_SEED sets the first round's seed, each next round's is
/// one higher: with MILLRACE_FAULTS=1 a failed round is run again alone.
/// </summary>
internal static class FaultRun
{
    private static readonly string? Form = Environment.GetEnvironmentVariable("MILLRACE_FAULTS");

    public static int Seed { get; } = Number(Environment.GetEnvironmentVariable("MILLRACE_SEED")) ?? 1;

    public static int Rounds(int shortForm, int fullForm) => Form == "full" ? fullForm : Number(Form) ?? shortForm;

    /// <summary>Runs an action for each seed in turn; what fails says which seed it was.</summary>
    public static async Task Each(int rounds, Func<Random, Task> round)
    {
        for (var seed = Seed; seed < Seed + rounds; seed++)
        {
            try
            {
                await round(new Random(seed));
            }
            catch (Exception failure) when (failure is not OperationCanceledException && !IsSkip(failure))
            {
                throw new InvalidOperationException(
                    $"Round {seed - Seed + 1} of {rounds}, MILLRACE_SEED={seed}: {failure.Message}", failure);
            }
        }
    }

    /// <summary>A line of figures in the test's output.</summary>
    public static void Report(string figures) => TestContext.Current.TestOutputHelper!.WriteLine(figures);

    private static bool IsSkip(Exception failure) =>
        failure.Message.StartsWith("$XunitDynamicSkip$", StringComparison.Ordinal);

    private static int? Number(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
