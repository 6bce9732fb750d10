using Millrace.Broker.Requests;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Partitions;

/// <summary>
/// A Produce with acks=all that waits until the records of all its partitions are on stable storage.
/// </summary>
/// <remarks>
/// <para>1. The reply goes once, when every partition has answered and <see cref="Seal"/> was called. 2. A partition
/// whose storage fails carries the error.</para>
/// </remarks>
internal sealed class DelayedProduce(PendingRequest pending, ProduceResponse response)
{
    private int _open = 1;

    /// <summary>A listener for one partition, whose answer stands in <paramref name="partition"/>.</summary>
    public IFlushListener Await(ProduceResponse.PartitionProduceResponse partition)
    {
        Interlocked.Increment(ref _open);
        return new PartitionWait(this, partition);
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

    private sealed class PartitionWait(DelayedProduce whole, ProduceResponse.PartitionProduceResponse partition)
        : IFlushListener
    {
        public void OnFlushed(ErrorCode error)
        {
            if (error != ErrorCode.None)
            {
                partition.ErrorCode = error;
                partition.BaseOffset = -1;
            }

            whole.Release();
        }
    }
}
