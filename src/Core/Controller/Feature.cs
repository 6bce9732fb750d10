namespace Millrace.Core.Controller;

/// <summary>
/// A feature whose level the cluster agrees on (KIP-584), and the levels that this program can work at. What is not
/// among them is not told to clients, whatever the metadata says.
/// </summary>
internal sealed record Feature(string Name, short Lowest, short Highest)
{
    /// <summary>By name.</summary>
    public static IReadOnlyList<Feature> Supported { get; } =
    [
        new("eligible.leader.replicas.version", 0, 1),
        new("group.version", 0, 1),
        new("kraft.version", 0, 1),
        new(FeaturesImage.MetadataVersion, 7, 33),
        new("share.version", 0, 2),
        new("streams.version", 0, 1),
        new("transaction.version", 0, 2),
    ];

    public static Feature? Find(string name) => Supported.FirstOrDefault(feature => feature.Name == name);
}
