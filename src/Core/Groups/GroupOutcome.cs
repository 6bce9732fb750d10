using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Groups;

/// <summary>What came of a step that is part of the answer to a request. Never on the wire.</summary>
internal sealed class GroupOutcome(ErrorCode error) : IMessage
{
    public ErrorCode ErrorCode { get; set; } = error;

    public void Read(ref WireReader reader, short version) => throw new NotSupportedException();

    public void Write(WireWriter writer, short version) => throw new NotSupportedException();
}
