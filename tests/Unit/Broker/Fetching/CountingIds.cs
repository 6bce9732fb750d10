using Millrace.Core.Model;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Broker.Fetching;

/// <summary>Ids 1, 2, 3 ...</summary>
internal sealed class CountingIds : IRandomness
{
    private ulong _last;

    public Uuid NewUuid() => new(1, ++_last);
}
