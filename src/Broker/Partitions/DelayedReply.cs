using Millrace.Broker.Requests;
using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Partitions;

/// <summary>
/// A reply that waits until all that it tells of is on stable storage, in however many partitions: a Produce with
/// acks=all, or committed offsets.
/// </summary>
/// <remarks>
/// <para>1. The reply goes once, when every awaited partition has answered and <see cref="Seal"/> was called.</para>
/// </remarks>
internal sealed class DelayedReply(PendingRequest pending, IMessage response)
{
    private int _open = 1;

    /// <summary>
    /// A listener for one partition; <paramref name="onError"/> puts a failure of its storage into the response.
    /// </summary>
    public IFlushListener Await(Action<ErrorCode> onError)
    {
        Interlocked.Increment(ref _open);
        return new PartitionWait(this, onError);
    }

    /// <summary>A partition that was awaited failed at once: nothing will be heard of it.</summary>
    public void Forget() => Release();

    /// <summary>All partitions have been asked for.</summary>
    public void Seal() => Release();

    private void Release()
    {
        if (Interlocked.Decrement(ref _open) == 0)
            pending.Reply(response);
    }

    private sealed class PartitionWait(DelayedReply whole, Action<ErrorCode> onError) : IFlushListener
    {
        public void OnFlushed(ErrorCode error)
        {
            if (error != ErrorCode.None)
                onError(error);
            whole.Release();
        }
    }
}
