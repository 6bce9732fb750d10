using Millrace.Core.Groups;

namespace Millrace.Broker.Io;

/// <summary>The random ends of member ids.</summary>
internal sealed class MemberIds : IMemberIds
{
    public string Next() => Guid.NewGuid().ToString();
}
