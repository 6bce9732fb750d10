using System.Diagnostics;
using System.Globalization;
using Millrace.Fuzz;
using Millrace.Fuzz.BadInput;
using Xunit.Runner.InProc.SystemConsole;

// Millrace.Fuzz fuzz SEED | fuzz --seconds N [--from S]: replays one seed, or runs many.
// Millrace.Fuzz fuzz rows HOST:PORT: asks a broker, such as Apache Kafka, what the rows of bad input ask.
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

if (rest is ["rows", var address])
{
    var asked = new AskedBroker(address);
    var existing = asked.Prepare();
    var differences = BadRow.All.Select(row => (Row: row, Found: asked.Errors(row, existing)))
        .Where(answer => answer.Found != answer.Row.Kafka).ToList();
    foreach (var (row, found) in differences)
        Console.WriteLine($"{row}: {found}, expected {row.Kafka}");
    Console.WriteLine($"{BadRow.All.Length} rows, {differences.Count} are answered otherwise");
    return differences.Count == 0 ? 0 : 1;
}

Console.Error.WriteLine("usage: fuzz SEED | fuzz --seconds N [--from S] | fuzz rows HOST:PORT");
return 2;
