using Millrace.Bench.Reports;

namespace Millrace.Bench.Load;

/// <summary>Latencies count from the time when a record was due.</summary>
/// <param name="Load">What was sent.</param>
/// <param name="EndToEnd">To the arrival at the consumer.</param>
/// <param name="Ack">To the acknowledgement.</param>
/// <param name="Late">To the sending: what the generator itself adds to both.</param>
internal sealed record EndToEndResult(LoadResult Load, LatencyReport EndToEnd, LatencyReport Ack, LatencyReport Late);
