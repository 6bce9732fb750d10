namespace Millrace.Connect.Runtime;

/// <summary>
/// The highest source position with no gap below it. Transactions are opened in the order of their commits; each is
/// complete when it is sealed and all its records are acknowledged. Owned by one task; acknowledgements come from the
/// producer's thread.
/// Invariants: 1. a position is handed out only when every record before it is acknowledged. 2. Positions handed out
/// only rise.
/// </summary>
internal sealed class SourceOffsets
{
    private readonly Queue<PendingTransaction> _pending = new();
    private readonly Lock _lock = new();
    private SourceOffset? _completed;

    /// <summary>Raised, outside of the lock, when <see cref="TakeCompleted"/> has something new.</summary>
    public event Action? Advanced;

    /// <summary>Whether everything opened is complete and taken.</summary>
    public bool IsIdle
    {
        get
        {
            lock (_lock)
                return _pending.Count == 0 && _completed is null;
        }
    }

    /// <summary>Whether only a transaction that is still being read may be left.</summary>
    public bool IsDrained
    {
        get
        {
            lock (_lock)
                return _completed is null
                    && (_pending.Count == 0 || (_pending.Count == 1 && _pending.Peek().Offset is null));
        }
    }

    public PendingTransaction Open()
    {
        var transaction = new PendingTransaction(this);
        lock (_lock)
            _pending.Enqueue(transaction);
        return transaction;
    }

    /// <summary>The newest position that is complete, once.</summary>
    public SourceOffset? TakeCompleted()
    {
        lock (_lock)
        {
            var completed = _completed;
            _completed = null;
            return completed;
        }
    }

    private void Complete()
    {
        var advanced = false;
        lock (_lock)
        {
            while (_pending.TryPeek(out var head) && head.IsComplete)
            {
                _pending.Dequeue();
                _completed = head.Offset;
                advanced = true;
            }
        }
        if (advanced)
            Advanced?.Invoke();
    }

    /// <summary>A source transaction on its way into the log.</summary>
    internal sealed class PendingTransaction(SourceOffsets owner)
    {
        private int _outstanding = 1; // the seal counts as one, so that an open transaction is never complete

        public SourceOffset? Offset { get; private set; }

        public bool IsComplete => Volatile.Read(ref _outstanding) == 0;

        public void Sent() => Interlocked.Increment(ref _outstanding);

        public void Acknowledged()
        {
            if (Interlocked.Decrement(ref _outstanding) == 0)
                owner.Complete();
        }

        /// <summary>No further record follows; <paramref name="offset"/> is the position after the transaction.
        /// </summary>
        public void Seal(SourceOffset offset)
        {
            Offset = offset;
            Acknowledged();
        }
    }
}
