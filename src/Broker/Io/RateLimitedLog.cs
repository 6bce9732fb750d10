using Millrace.Core.Model;

namespace Millrace.Broker.Io;

/// <summary>
/// Passes at most a few lines a second on, so that a client that sends garbage in a loop can't fill a disk with log.
/// What is left out is counted and told.
/// </summary>
internal sealed class RateLimitedLog(Action<string> log, IClock clock)
{
    private const int LinesASecond = 20;

    private readonly Lock _lock = new();
    private Instant _second;
    private int _lines;

    public void Line(string text)
    {
        lock (_lock)
        {
            var now = clock.Steady;
            if (now >= _second + 1000)
            {
                if (_lines > LinesASecond)
                    log($"{_lines - LinesASecond} more lines were left out.");
                (_second, _lines) = (now, 0);
            }

            if (++_lines > LinesASecond)
                return;
        }

        log(text);
    }
}
