using System.Diagnostics;
using System.Globalization;
using Millrace.Fuzz;
using Xunit.Runner.InProc.SystemConsole;

// Millrace.Fuzz fuzz SEED | fuzz --seconds N [--from S]: replays one seed, or runs many.
// Anything else goes to the test runner.
if (args is not ["fuzz", .. var rest])
    return await ConsoleRunner.Run(args);
if (rest is [var one] && int.TryParse(one, CultureInfo.InvariantCulture, out var seed))
    return Fuzzing.Replay(seed, Console.Out.WriteLine) ? 0 : 1;
if (rest is ["--seconds", var count, .. var more] && int.TryParse(count, CultureInfo.InvariantCulture, out var seconds))
{
    var from = more is ["--from", var first] ? int.Parse(first, CultureInfo.InvariantCulture) : 1;
    var watch = Stopwatch.StartNew();
    var (rounds, failures) = Fuzzing.Run(from, _ => watch.Elapsed.TotalSeconds >= seconds);
    foreach (var failure in failures)
        Console.WriteLine(failure);
    var took = watch.Elapsed.TotalSeconds;
    Console.WriteLine(
        $"{rounds} seeds from {from}, {failures.Count} failed; {rounds * (long)Round.Frames} frames in {took:F1} s");
    return failures.Count == 0 ? 0 : 1;
}

Console.Error.WriteLine("usage: fuzz SEED | fuzz --seconds N [--from S]");
return 2;
