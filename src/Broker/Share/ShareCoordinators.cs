using Millrace.Broker.Coordinators;
using Millrace.Broker.Partitions;
using Millrace.Core.Configs;
using Millrace.Core.Controller;
using Millrace.Core.Coordinators;
using Millrace.Core.Model;
using Millrace.Core.Share;
using Millrace.Protocol;

namespace Millrace.Broker.Share;

/// <summary>
/// The shards of the share coordinator, one for each partition of <c>__share_group_state</c>. The metadata publisher
/// alone sets them; readers take no lock.
/// </summary>
/// <remarks>
/// <para>An answer comes once, from any thread: at once where the coordinator can't be had or refuses, else when all it
/// tells of is on stable storage.</para>
/// </remarks>
internal sealed class ShareCoordinators(ILoop timers, BrokerSettings settings) : ICoordinators
{
    private readonly int _updatesPerSnapshot = settings.Int("share.coordinator.snapshot.update.records.per.snapshot");
    private volatile CoordinatorShard<ShareCoordinator>[] _shards = [];

    /// <summary>Hears of states that can't be served.</summary>
    public Action<string> Log { get; init; } = _ => { };

    /// <summary>Hears of a state that was begun anew or deleted: what is known of it is to be read anew.</summary>
    public Action<SharePartitionKey> OnReplaced { get; set; } = _ => { };

    public string Topic => TopicName.ShareGroupState;

    public void Serve(IReadOnlyList<Partition> partitions)
    {
        var shards = _shards;
        if (partitions.Count == 0)
        {
            _shards = [];
            foreach (var shard in shards)
                shard.Close();
        }
        else
        {
            _shards = [.. shards, .. partitions.Skip(shards.Length).Select(Load)];
        }
    }

    public void Initialize(
        in SharePartitionKey key, int stateEpoch, long startOffset, Action<ShareStateReply> answer)
    {
        var partition = key;
        Run(key, Replacing(key, answer), (core, now, effects) =>
            new(core.Initialize(partition, stateEpoch, startOffset, now, effects)));
    }

    public void Delete(in SharePartitionKey key, Action<ShareStateReply> answer)
    {
        var partition = key;
        Run(key, Replacing(key, answer), (core, _, effects) =>
        {
            core.Delete(partition, effects);
            return new(ErrorCode.None);
        });
    }

    /// <summary>With a leader epoch the asker is the leader from now on; -1 only looks.</summary>
    public void Read(in SharePartitionKey key, int leaderEpoch, Action<ShareStateReply> answer)
    {
        var partition = key;
        Run(key, answer, (core, now, effects) =>
        {
            var error = core.Read(partition, leaderEpoch, now, effects);
            return new(error) { State = error == ErrorCode.None ? core.Find(partition) : null };
        });
    }

    /// <summary>Like <see cref="Read"/>, but of what was never begun it tells that without an error.</summary>
    public void ReadSummary(in SharePartitionKey key, Action<ShareStateReply> answer)
    {
        var partition = key;
        Run(key, answer, (core, _, _) => new(ErrorCode.None) { State = core.Find(partition) });
    }

    public void Write(
        in SharePartitionKey key, int stateEpoch, int leaderEpoch, StateChange change, Action<ShareStateReply> answer)
    {
        var partition = key;
        Run(key, answer, (core, now, effects) =>
            new(core.Write(partition, stateEpoch, leaderEpoch, change, now, effects)));
    }

    /// <summary>
    /// What is stored, be it on stable storage or not: nobody hears of it but who needs it to go on here.
    /// </summary>
    public ShareStateReply Lead(in SharePartitionKey key, int leaderEpoch)
    {
        var partition = key;
        var reply = new ShareStateReply(ErrorCode.NotCoordinator);
        Find(key)?.Run((core, now, effects) =>
        {
            var error = core.Read(partition, leaderEpoch, now, effects);
            reply = new(error) { State = error == ErrorCode.None ? core.Find(partition) : null };
        });
        return reply;
    }

    private Action<ShareStateReply> Replacing(SharePartitionKey key, Action<ShareStateReply> answer) => reply =>
    {
        if (reply.ErrorCode == ErrorCode.None)
            OnReplaced(key);
        answer(reply);
    };

    private void Run(
        in SharePartitionKey key, Action<ShareStateReply> answer,
        Func<ShareCoordinator, Instant, Effects, ShareStateReply> decide)
    {
        if (Find(key) is not { } shard)
        {
            answer(new ShareStateReply(ErrorCode.CoordinatorNotAvailable));
            return;
        }

        var request = new CoordinatorRequest(response => answer((ShareStateReply)response));
        var isServed = shard.Run((core, now, effects) =>
        {
            var reply = decide(core, now, effects);
            effects.Reply(request, reply, afterCommit: reply.ErrorCode == ErrorCode.None);
        });
        if (!isServed)
            answer(new ShareStateReply(ErrorCode.NotCoordinator));
    }

    private CoordinatorShard<ShareCoordinator>? Find(in SharePartitionKey key)
    {
        var shards = _shards;
        return shards.Length == 0 ? null : shards[key.StatePartition(shards.Length)];
    }

    private CoordinatorShard<ShareCoordinator> Load(Partition partition) =>
        new(partition, () => new ShareCoordinator(_updatesPerSnapshot), timers, Log);
}
