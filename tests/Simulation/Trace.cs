namespace Millrace.Simulation;

/// <summary>
/// What happened, line by line: a hash over all of it, and the lines themselves if somebody wants them.
/// </summary>
internal sealed class Trace(Func<long> microseconds, Action<string>? print)
{
    private const int Kept = 40;

    private readonly Queue<string> _last = new();

    /// <summary>Two runs that did the same have the same.</summary>
    public ulong Hash { get; private set; } = 14695981039346656037;

    /// <summary>The lines before the end.</summary>
    public IEnumerable<string> Last => _last;

    public void Line(string text)
    {
        var at = microseconds();
        Hash = (Hash ^ (ulong)at) * 1099511628211;
        foreach (var character in text)
            Hash = (Hash ^ character) * 1099511628211;
        var line = $"{at / 1_000_000,4}.{at % 1_000_000:D6}  {text}";
        print?.Invoke(line);
        _last.Enqueue(line);
        if (_last.Count > Kept)
            _last.Dequeue();
    }
}
