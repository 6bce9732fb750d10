using Millrace.Core.Coordinators;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Share;

/// <summary>
/// The share coordinator of the share partitions that fall to one partition of __share_group_state (KIP-932): it
/// begins, gives, changes and deletes their state. A pure core: the shell serialises the calls, appends the records of
/// <see cref="Effects"/> and calls <see cref="Replay"/> for each.
/// </summary>
/// <remarks>
/// <para>1. Only <see cref="Replay"/> changes states. 2. A leader with an older leader epoch, or one that knows an
/// older state epoch, changes and reads nothing. 3. What is given may not be on stable storage yet: the shell waits
/// for that where it matters.</para>
/// </remarks>
/// <param name="updatesPerSnapshot">share.coordinator.snapshot.update.records.per.snapshot</param>
internal sealed class ShareCoordinator(int updatesPerSnapshot) : ICoordinatorCore
{
    private readonly ShareStates _states = new();

    public static string Kept => "states of share groups";

    public IReadOnlyDictionary<SharePartitionKey, ShareState> States => _states.All;

    public void Replay(
        ReadOnlyMemory<byte> key, ReadOnlyMemory<byte>? value, long transactionOf = ICoordinatorCore.NoProducerId) =>
        _states.Replay(key, value);

    /// <summary>Nobody writes states in a transaction.</summary>
    public void ReplayEndTransaction(long producerId, bool isCommit)
    {
    }

    public void Start(Instant now)
    {
    }

    public Instant Expire(Instant now, Effects effects) => Instant.Never;

    public void Resign(ErrorCode error, Effects effects)
    {
    }

    public static void Fail(IMessage response, ErrorCode error) => ((ShareStateReply)response).ErrorCode = error;

    /// <summary>What is stored; null where nothing is.</summary>
    public ShareState? Find(in SharePartitionKey key) => _states.Find(key);

    /// <summary>Begins the state, or begins it anew.</summary>
    public ErrorCode Initialize(
        in SharePartitionKey key, int stateEpoch, long startOffset, Instant now, Effects effects)
    {
        var state = _states.Find(key);
        if (state is not null && stateEpoch != ShareState.None && stateEpoch < state.StateEpoch)
            return ErrorCode.FencedStateEpoch;
        var done = startOffset == ShareState.None ? ShareState.None : 0;
        ShareRecords.Store(effects, key, new ShareState(
            (state?.SnapshotEpoch ?? ShareState.None) + 1, stateEpoch, 0, startOffset, done, [])
        {
            CreateTimestamp = now.Milliseconds,
            WriteTimestamp = now.Milliseconds,
        });
        return ErrorCode.None;
    }

    /// <summary>The leader of a partition begins with what is stored: from then on older leaders are fenced.</summary>
    public ErrorCode Read(in SharePartitionKey key, int leaderEpoch, Instant now, Effects effects)
    {
        if (_states.Find(key) is not { } state)
            return ErrorCode.InvalidRequest;
        if (leaderEpoch != ShareState.None && leaderEpoch < state.LeaderEpoch)
            return ErrorCode.FencedLeaderEpoch;
        if (leaderEpoch > state.LeaderEpoch)
            Store(key, state, leaderEpoch, new StateChange(ShareState.None, ShareState.None, []), now, effects);
        return ErrorCode.None;
    }

    /// <summary>Stores a change; an epoch of -1 is not looked at.</summary>
    public ErrorCode Write(
        in SharePartitionKey key, int stateEpoch, int leaderEpoch, StateChange change, Instant now, Effects effects)
    {
        if (_states.Find(key) is not { } state)
            return ErrorCode.InvalidRequest;
        if (leaderEpoch != ShareState.None && leaderEpoch < state.LeaderEpoch)
            return ErrorCode.FencedLeaderEpoch;
        if (stateEpoch != ShareState.None && stateEpoch < state.StateEpoch)
            return ErrorCode.FencedStateEpoch;
        Store(key, state, leaderEpoch, change, now, effects);
        return ErrorCode.None;
    }

    /// <summary>Deletes the state, if there is one.</summary>
    public void Delete(in SharePartitionKey key, Effects effects)
    {
        if (_states.Find(key) is not null)
            ShareRecords.Delete(effects, key);
    }

    /// <summary>After so many updates everything is stored, so that the log can be compacted.</summary>
    private void Store(
        in SharePartitionKey key, ShareState state, int leaderEpoch, StateChange change, Instant now, Effects effects)
    {
        if (state.Updates < updatesPerSnapshot)
            ShareRecords.Store(effects, key, state.SnapshotEpoch, leaderEpoch, change);
        else
            ShareRecords.Store(effects, key, state.With(leaderEpoch, change) with
            {
                SnapshotEpoch = state.SnapshotEpoch + 1,
                WriteTimestamp = now.Milliseconds,
            });
    }
}
