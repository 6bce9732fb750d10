namespace Millrace.Bench.Wire;

/// <summary>The topic of a benchmark: one that is there, or one that is made for it and deleted with it.</summary>
internal sealed class BenchTopic : IDisposable
{
    private readonly Cluster _cluster;
    private readonly bool _isOwn;

    private BenchTopic(Cluster cluster, TopicPartitions topic, bool isOwn)
    {
        _cluster = cluster;
        Topic = topic;
        _isOwn = isOwn;
    }

    public TopicPartitions Topic { get; }

    public bool IsOwn => _isOwn;

    public static BenchTopic Open(
        Cluster cluster, string? name, int partitions = 1, short replicationFactor = -1,
        params IReadOnlyList<(string Name, string Value)> configs) =>
        name is not null
            ? new BenchTopic(cluster, cluster.FindTopic(name), isOwn: false)
            : new BenchTopic(
                cluster,
                cluster.CreateTopic($"millrace-bench-{Guid.NewGuid():N}", partitions, replicationFactor, configs),
                isOwn: true);

    public void Dispose()
    {
        if (!_isOwn)
            return;
        try
        {
            _cluster.DeleteTopic(Topic.Name);
        }
        catch (BenchException)
        {
            // The broker has gone: what is told before says why.
        }
    }
}
