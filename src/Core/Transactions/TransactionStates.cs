using Millrace.Protocol.Wire;

namespace Millrace.Core.Transactions;

/// <summary>
/// The transactional ids that fall to one partition of __transaction_state. Only <see cref="Replay"/> changes them;
/// a record replaces what the one before said of its id.
/// </summary>
internal sealed class TransactionStates
{
    private readonly Dictionary<string, TransactionState> _states = [];
    private readonly StringCache _strings = new();

    public IReadOnlyCollection<TransactionState> All => _states.Values;

    public TransactionState? Find(string transactionalId) => _states.GetValueOrDefault(transactionalId);

    /// <summary>
    /// Applies one record, and gives the id that it is of; null for types of records that nobody knows, which are
    /// passed over.
    /// </summary>
    /// <exception cref="MalformedFrameException">The record does not follow its specification.</exception>
    public string? Replay(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte>? value)
    {
        if (TransactionRecords.ReadKey(key, _strings) is not { } id)
            return null;
        if (value is { } bytes)
            _states[id] = TransactionRecords.ReadValue(id, bytes, _strings);
        else
            _states.Remove(id);
        return id;
    }
}
