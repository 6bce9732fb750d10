using Millrace.Core.Coordinators;
using Millrace.Core.Model;

namespace Millrace.Core.Transactions;

// What is due: markers of decided ends, the end of transactions that take too long and of ids that nobody uses.
internal sealed partial class TransactionCoordinator
{
    /// <summary>Does what is due and says when to call again; at once when there is more to do.</summary>
    public Instant Expire(Instant now, Effects effects)
    {
        SendMarkers(effects);
        while (HasRoom(effects)
            && _deadlines.TryPeek(out var id, out var due) && due <= now)
        {
            _deadlines.Dequeue();
            if (_armed.GetValueOrDefault(id) != due)
                continue;
            _armed.Remove(id);
            if (_states.Find(id) is not { IsOngoing: true } state)
                continue;
            if (state.Deadline <= now)
                Abort(state, now, effects);
            else
                Arm(state);
        }

        ForgetUnused(now, effects);
        if (effects.RecordCount > 0)
            return now;
        return _deadlines.TryPeek(out _, out var first) ? Instant.Min(first, _nextCheck) : _nextCheck;
    }

    private void SendMarkers(Effects effects)
    {
        foreach (var id in _unsent)
        {
            var state = _states.Find(id)!;
            effects.Send(new TransactionMarkers(
                id, state.Producer, state.Status == TransactionStatus.PrepareCommit, state.Partitions));
        }

        _unsent.Clear();
    }

    private void ForgetUnused(Instant now, Effects effects)
    {
        if (_nextCheck <= now)
        {
            foreach (var state in _states.All.Where(state => IsUnused(state, now)))
                _unused.Enqueue(state.TransactionalId);
            _nextCheck = now + settings.ExpirationCheckIntervalMs;
        }

        while (HasRoom(effects) && _unused.TryDequeue(out var id))
            if (_states.Find(id) is { } state && IsUnused(state, now))
                TransactionRecords.Delete(effects, id);
    }

    private bool HasRoom(Effects effects) =>
        effects.RecordCount < settings.MaxExpiredRecords && effects.RecordBytes < settings.MaxExpiredBytes;

    private bool IsUnused(TransactionState state, Instant now) =>
        !state.IsOngoing && !state.IsEnding && state.UpdatedAt + settings.IdExpirationMs <= now;
}
