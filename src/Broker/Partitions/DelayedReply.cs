using Millrace.Broker.Requests;
using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Partitions;

/// <summary>
/// A response that waits until all that it tells of is on stable storage, in however many partitions: a Produce with
/// acks=all, or committed offsets.
/// </summary>
/// <remarks>
/// <para>1. The reply goes once, when every awaited partition has answered and <see cref="Seal"/> was called. 2. A
/// failure is put into the response by whoever releases it last, when nobody else touches it.</para>
/// </remarks>
internal sealed class DelayedReply : IRecyclable
{
    private List<PartitionWait> _waits = [];
    private PendingRequest? _pending;
    private IMessage? _response;
    private int _open;

    public DelayedReply()
    {
    }

    public DelayedReply(PendingRequest pending, IMessage response) => Begin(pending, response);

    /// <summary>From now on it is about this response.</summary>
    public void Begin(PendingRequest pending, IMessage response) =>
        (_pending, _response, _open) = (pending, response, 1);

    /// <summary>
    /// A listener for one partition; <paramref name="onError"/> puts a failure of its storage into
    /// <paramref name="answer"/>.
    /// </summary>
    public IFlushListener Await(object answer, Action<object, ErrorCode> onError)
    {
        Interlocked.Increment(ref _open);
        var wait = Recycled<PartitionWait>.Take();
        wait.Begin(this, answer, onError);
        _waits.Add(wait);
        return wait;
    }

    /// <summary>The same, where nobody minds some garbage.</summary>
    public IFlushListener Await(Action<ErrorCode> onError) =>
        Await(onError, static (action, error) => ((Action<ErrorCode>)action)(error));

    /// <summary>A partition that was awaited failed at once: nothing will be heard of it.</summary>
    public void Forget() => Release();

    /// <summary>All partitions have been asked for.</summary>
    public void Seal() => Release();

    public void Clear()
    {
        _waits = RecycledList.Emptied(_waits);
        (_pending, _response) = (null, null);
    }

    public void Recycle()
    {
        Clear();
        Recycled<DelayedReply>.Give(this);
    }

    private void Release()
    {
        if (Interlocked.Decrement(ref _open) > 0)
            return;
        foreach (var wait in _waits)
            wait.Tell();
        _pending!.Reply(_response!);
    }

    private sealed class PartitionWait : IFlushListener, IRecyclable
    {
        private DelayedReply? _whole;
        private object? _answer;
        private Action<object, ErrorCode>? _onError;
        private ErrorCode _error;

        public void Begin(DelayedReply whole, object answer, Action<object, ErrorCode> onError) =>
            (_whole, _answer, _onError) = (whole, answer, onError);

        public void OnFlushed(ErrorCode error)
        {
            _error = error;
            _whole!.Release();
        }

        public void Tell()
        {
            if (_error != ErrorCode.None)
                _onError!(_answer!, _error);
        }

        public void Clear() => (_whole, _answer, _onError, _error) = (null, null, null, ErrorCode.None);

        public void Recycle()
        {
            Clear();
            Recycled<PartitionWait>.Give(this);
        }
    }
}
