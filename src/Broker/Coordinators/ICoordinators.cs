using Millrace.Broker.Partitions;
using Millrace.Core.Controller;

namespace Millrace.Broker.Coordinators;

/// <summary>The coordinators of one kind, a shard for each partition of their topic.</summary>
internal interface ICoordinators
{
    /// <summary>The internal topic that holds what they decide.</summary>
    string Topic { get; }

    /// <summary>Loads a shard for each partition that has none yet; with no partitions, closes all.</summary>
    void Serve(IReadOnlyList<Partition> partitions);

    /// <summary>The cluster's topics and settings are these from now on.</summary>
    void Publish(ClusterImage image)
    {
    }
}
