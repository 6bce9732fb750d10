using Millrace.Core.Model;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Controller;

/// <summary>
/// Makes an image of metadata records. The records of a metadata transaction (KIP-868) come into force together, at its
/// end. Owned by the controller. 1. <see cref="Image"/> never shows a part of a transaction.
/// </summary>
internal sealed class MetadataReplay
{
    private ClusterImage? _uncommitted;

    public ClusterImage Image { get; private set; } = ClusterImage.Empty;

    /// <summary>Begun, and neither ended nor aborted: whoever goes on must abort it.</summary>
    public bool IsTransactionOpen => _uncommitted is not null;

    public void Replay(IMessage record)
    {
        switch (record)
        {
            case BeginTransactionRecord:
                Invariant.That(!IsTransactionOpen);
                _uncommitted = Image;
                break;
            case EndTransactionRecord:
                Invariant.That(IsTransactionOpen);
                Image = _uncommitted!;
                _uncommitted = null;
                break;
            case AbortTransactionRecord:
                Invariant.That(IsTransactionOpen);
                _uncommitted = null;
                break;
            default:
                if (_uncommitted is null)
                    Image = Image.Replay(record);
                else
                    _uncommitted = _uncommitted.Replay(record);
                break;
        }
    }
}
