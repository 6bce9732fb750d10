using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Share;

/// <summary>
/// What comes of a question about one share partition. Never on the wire: the requests there are about many, which may
/// fall to several coordinators.
/// </summary>
internal sealed class ShareStateReply(ErrorCode error) : IMessage
{
    public ErrorCode ErrorCode { get; set; } = error;

    /// <summary>What was stored when it was asked for; null with an error.</summary>
    public ShareState? State { get; init; }

    public void Read(ref WireReader reader, short version) => throw new NotSupportedException();

    public void Write(WireWriter writer, short version) => throw new NotSupportedException();
}
