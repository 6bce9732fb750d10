using Millrace.Core.Groups;
using Millrace.Core.Model;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Simulated;

/// <summary>Ids 1, 2, 3 ... so that they can be foretold: the member of client "a" becomes "a-1".</summary>
internal sealed class CountedIds : IRandomness, IMemberIds
{
    private ulong _lastUuid;
    private int _last;

    public Uuid NewUuid() => new(1, ++_lastUuid);

    public string Next() => $"{++_last}";
}
