using System.CommandLine;

namespace Millrace.Bench.Commands;

/// <summary>How long a load runs.</summary>
internal sealed class WindowOptions
{
    private readonly Option<double> _seconds = BenchOption.Seconds("--seconds", "How long is measured.", 5);
    private readonly Option<double> _warmUp = BenchOption.Seconds("--warm-up", "Seconds of load before that.", 1);
    private readonly Option<long> _bytes = BenchOption.Size(
        "--bytes", "Measures so many bytes instead; 0 for --seconds.", "0", 0, long.MaxValue);

    public void AddTo(Command command, bool byBytes = true)
    {
        command.Add(_seconds);
        command.Add(_warmUp);
        if (byBytes)
            command.Add(_bytes);
    }

    public TimeSpan WarmUp(ParseResult result) => TimeSpan.FromSeconds(result.GetValue(_warmUp));

    /// <exception cref="UsageException">None is left.</exception>
    public TimeSpan Duration(ParseResult result) => result.GetValue(_seconds) is var seconds and > 0
        ? TimeSpan.FromSeconds(seconds)
        : throw new UsageException("--seconds 0: nothing would be measured.");

    public long Bytes(ParseResult result) => result.GetValue(_bytes);
}
