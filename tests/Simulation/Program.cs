using System.Diagnostics;
using System.Globalization;
using Millrace.Simulation;
using Xunit.Runner.InProc.SystemConsole;

// Millrace.Simulation sim SEED | sim --seeds N [--from S]: replays one seed with its trace, or runs many.
// Anything else goes to the test runner.
if (args is not ["sim", .. var rest])
    return await ConsoleRunner.Run(args);
if (rest is [var one] && int.TryParse(one, CultureInfo.InvariantCulture, out var seed))
    return Seeds.Replay(seed, Console.Out.WriteLine) ? 0 : 1;
if (rest is ["--seeds", var count, .. var more] && int.TryParse(count, CultureInfo.InvariantCulture, out var seeds))
{
    var from = more is ["--from", var first] ? int.Parse(first, CultureInfo.InvariantCulture) : 1;
    var watch = Stopwatch.StartNew();
    var result = Seeds.Run(from, seeds);
    Console.WriteLine(result.Sometimes);
    foreach (var failure in result.Failures)
        Console.WriteLine(failure);
    var seconds = watch.Elapsed.TotalSeconds;
    Console.WriteLine(
        $"{seeds} seeds, {result.Failures.Count} failed; {result.VirtualSeconds} virtual seconds, {result.Steps} steps "
        + $"in {seconds:F1} s: {result.VirtualSeconds / seconds:F0} times real time");
    return result.Failures.Count == 0 ? 0 : 1;
}

Console.Error.WriteLine("usage: sim SEED | sim --seeds N [--from S]");
return 2;
