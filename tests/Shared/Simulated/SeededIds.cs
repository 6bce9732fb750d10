using Millrace.Core.Groups;
using Millrace.Core.Model;
using Millrace.Protocol.Wire;

namespace Millrace.Shared.Simulated;

/// <summary>Unique names from the seed.</summary>
internal sealed class SeededIds(Random random) : IRandomness, IMemberIds
{
    private int _last;

    public Uuid NewUuid() => new((ulong)random.NextInt64(1, long.MaxValue) >> 4, (ulong)random.NextInt64());

    public string Next() => $"{++_last}";
}
