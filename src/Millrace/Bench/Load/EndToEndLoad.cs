using Millrace.Bench.Reports;
using Millrace.Bench.Wire;
using Millrace.Protocol.Messages;

namespace Millrace.Bench.Load;

/// <summary>Records through a broker at a fixed rate, over one connection in and one out. An open loop.</summary>
/// <param name="RecordBytes">The value of each record; it has no key.</param>
/// <param name="PerSecond">Records a second.</param>
/// <param name="Acks">-1 for all.</param>
internal sealed record EndToEndLoad(int RecordBytes, int PerSecond, short Acks)
{
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(2);

    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(10);

    /// <exception cref="BenchException">The broker refused a record, or some have not come.</exception>
    public EndToEndResult Run(Cluster cluster, TopicPartitions topic, int? brokerPid)
    {
        var partition = topic.Partitions[0];
        var spec = new BatchSpec(RecordBytes, BatchBytes: 1);
        var window = new LoadWindow(WarmUp, Duration);
        var start = cluster.EndOffset(topic, partition);
        var connection = WireConnection.Open(partition.Broker);
        var version = connection.Version(ApiKey.Produce);
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        var frame = new ProduceFrame(version, topic, partition.Index, Acks, spec.Build(seed: 0, now));
        using var sender = new EndToEndSender(connection, frame, spec.ValueBytes, PerSecond, window);
        using var acks = new AckReader(connection, version, sender, PerSecond, window);
        using var consumer = new EndToEndConsumer(
            new FetchExchange(partition.Broker, topic), partition.Index, start, sender, window);
        var result = LoadRun.Run([consumer, acks, sender], window, brokerPid);
        return new EndToEndResult(
            result, LatencyReport.Of(consumer.Latency)!, LatencyReport.Of(acks.Latency)!,
            LatencyReport.Of(sender.Lateness)!);
    }
}
