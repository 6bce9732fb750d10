using Millrace.Broker;

namespace Millrace.Shared.Simulated;

/// <summary>Where the logs are said to be, on a volume of a terabyte.</summary>
internal sealed class SimLogDirectory : ILogDirectory
{
    private const long Terabyte = 1L << 40;

    public string Path => "/data";

    public (long Total, long Usable) Space() => (Terabyte, Terabyte);
}
