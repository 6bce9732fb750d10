namespace Millrace.Bench.Load;

/// <summary>How a fetching load is made.</summary>
/// <param name="Connections">Each is a thread of its own.</param>
/// <param name="FetchBytes">The most that one request asks for.</param>
internal sealed record FetchOptions(int Connections, int FetchBytes)
{
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Ends after so many bytes instead of by time; 0 for by time.</summary>
    public long Bytes { get; init; }

    /// <summary>Computes the checksum of every batch, which costs the client time.</summary>
    public bool ChecksCrc { get; init; }
}
