using Millrace.Bench.Wire;

namespace Millrace.Bench.Load;

/// <summary>How a producing load is made.</summary>
/// <param name="Batch">Of what its batches are made.</param>
/// <param name="Connections">Each is a thread of its own.</param>
/// <param name="InFlight">Requests that a connection has sent and that are not answered.</param>
/// <param name="Acks">-1 for all.</param>
internal sealed record ProduceOptions(BatchSpec Batch, int Connections, int InFlight, short Acks)
{
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Ends after so many bytes instead of by time; 0 for by time.</summary>
    public long Bytes { get; init; }

    /// <summary>All connections together; 0 for as fast as it goes. Latency then counts from the time when a request
    /// was due.</summary>
    public long BytesPerSecond { get; init; }

    public bool IsIdempotent { get; init; }

    /// <summary>Batches in a transaction; 0 outside transactions.</summary>
    public int TransactionBatches { get; init; }
}
