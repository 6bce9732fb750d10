namespace Millrace.Demo.Services;

/// <summary>What a service tells about itself, one JSON line each time.</summary>
/// <param name="Applied">Initial rows and row changes applied.</param>
/// <param name="Reread">Records given again that it had applied.</param>
/// <param name="Repeated">Changes found more than once in the topics.</param>
/// <param name="Gaps">Changes missing by the versions of the rows.</param>
/// <param name="Position">The sum of the next offsets of all partitions it has read.</param>
/// <param name="Lag">Records in its partitions from there on.</param>
/// <param name="Partitions">Partitions it is assigned.</param>
/// <param name="NewestCommitMicros">Commit time of the newest change it has.</param>
/// <param name="Latencies">Commit-to-service latencies since the last report, by histogram bucket.</param>
internal sealed record ConsumerReport(
    long Applied, long Reread, long Repeated, long Gaps, long Position, long Lag, int Partitions,
    long NewestCommitMicros, Dictionary<int, long> Latencies);
