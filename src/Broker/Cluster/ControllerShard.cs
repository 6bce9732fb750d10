using Millrace.Broker.Requests;
using Millrace.Core.Configs;
using Millrace.Core.Controller;
using Millrace.Core.Model;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Cluster;

/// <summary>
/// Runs the controller on its own loop: decide, append, replay, publish, reply.
/// </summary>
/// <remarks>
/// <para>Owned by the node. 1. All work is done on the loop, one piece at a time. 2. A reply goes after its records are
/// durable and published, so that what it tells can be used at once. 3. After a failed append the process ends: what
/// the log holds is then unknown. One that finds the disk full has appended nothing, and its request is refused. 4.
/// What needs room besides the metadata log's own is not appended where there is none.</para>
/// </remarks>
internal sealed class ControllerShard
{
    private const long RetryMs = 5000;

    private readonly ILoop _loop;
    private readonly Controller _controller;
    private readonly IMetadataLog _metadataLog;
    private readonly MetadataPublisher _publisher;
    private bool _isToPublishAgain;
    private volatile bool _isDiskFull;
    private readonly BrokerSettings _settings;
    private readonly Action<string> _log;

    public ControllerShard(
        ILoop loop, Controller controller, IMetadataLog metadataLog, MetadataPublisher publisher,
        BrokerSettings settings, Action<string> log)
    {
        _loop = loop;
        _controller = controller;
        _metadataLog = metadataLog;
        _log = log;
        _publisher = publisher;
        _settings = settings;
    }

    /// <summary>
    /// Takes up what the metadata log says, decides what this node must, and publishes it. Before anything else.
    /// </summary>
    /// <exception cref="IOException">The metadata is damaged, or can't be served.</exception>
    public void Start(NodeState node, PartitionFolders folders)
    {
        var deleted = Load();
        var records = new List<IMessage>();
        _controller.Activate(
            node with
            {
                IsLogEmpty = _metadataLog.IsEmpty,
                LogEndOffset = _metadataLog.EndOffset.Value,
                Adopted = _metadataLog.IsEmpty ? folders.Adopt() : [],
            },
            records);
        if (!TryStore(records, isUrgent: true))
            throw new IOException("The disk is full: free some space, then start again.");
        Image = _controller.Image;
        folders.PutInOrder(Image, deleted);
        foreach (var file in _publisher.Checkpoints.Damaged)
            _log($"{file} was damaged, and is made again: what it said is not known. Look after the disk.");
        _publisher.Checkpoints.Forget(folders.Unknown(Image));
        if (!_publisher.Publish(Image))
            PublishAgainSoon();
    }

    /// <summary>
    /// Tells the metadata that this node stops in order, after everything else. False if it could not.
    /// </summary>
    public bool Stop()
    {
        var records = new List<IMessage>();
        _controller.Retire(records);
        try
        {
            return _metadataLog.TryAppend(records, _loop.Now, isUrgent: true);
        }
        catch (IOException failure)
        {
            _log($"The metadata log can't be written: {failure.Message}");
            return false;
        }
    }

    /// <summary>The broker epoch of this node's registration.</summary>
    public long BrokerEpoch => Image.Brokers.Brokers.GetValueOrDefault(_settings.NodeId)?.Epoch ?? -1;

    /// <summary>How far the metadata log goes, in which epoch, and when that was so. On the loop.</summary>
    public (LeaderEpoch Epoch, Offset End, Instant Now) MetadataLogEnd =>
        (_metadataLog.LeaderEpoch, _metadataLog.EndOffset, _loop.Now);

    /// <summary>The published image.</summary>
    public ClusterImage Image { get; private set; } = ClusterImage.Empty;

    /// <summary>The last change was refused, since there was no room for it. From any thread.</summary>
    public bool IsDiskFull => _isDiskFull;

    /// <summary>
    /// Decides on the loop, and replies when the decision can be seen; with what <paramref name="refuse"/> makes of the
    /// response where there is no room to store the decision.
    /// </summary>
    public void Run<TResponse>(
        Func<Controller, List<IMessage>, TResponse> decide, Action<TResponse> reply,
        Action<TResponse>? refuse = null) =>
        _loop.Post(() =>
        {
            var records = new List<IMessage>();
            var response = decide(_controller, records);
            if (!Commit(records))
                refuse?.Invoke(response);
            reply(response);
        });

    /// <summary>The same for a request, which is refused if deciding fails.</summary>
    public void Run<TResponse>(PendingRequest pending, Func<Controller, List<IMessage>, TResponse> decide)
        where TResponse : IMessage =>
        Run<IMessage?>(
            (core, records) =>
            {
                try
                {
                    return decide(core, records);
                }
                catch (Exception failure) when (failure is not InvariantBrokenException)
                {
                    _log($"API {pending.Header.ApiKey} version {pending.Version} failed: {failure}");
                    records.Clear();
                    return null;
                }
            },
            response =>
            {
                if (response is null)
                    pending.Refuse("an internal failure");
                else
                    pending.Reply(response);
            },
            response =>
            {
                if (response is not null)
                    StorageRefusals.Refuse(response);
            });

    /// <summary>Creates a topic with the broker's defaults; nobody waits for it.</summary>
    public void CreateTopic(string name)
    {
        if (TopicName.IsInternal(name))
            CreateInternalTopic(name, () => { });
        else
            Run((core, records) => core.CreateTopic(name, -1, -1, records), _ => { });
    }

    /// <summary>
    /// Makes the internal topic if it is not there yet, then goes on. Its replication factor is that of one broker,
    /// whatever is set.
    /// </summary>
    public void CreateInternalTopic(string name, Action then)
    {
        var topic = InternalTopic.Of(name);
        Run(
            (core, records) => core.CreateTopic(
                name, _settings.Int(topic.PartitionsSetting), 1, records, topic.Configs),
            _ => then());
    }

    /// <summary>
    /// The features that the cluster keeps to, and an epoch that grows with what the metadata log holds. From any
    /// thread.
    /// </summary>
    public (FeaturesImage Features, long Epoch) FinalizedFeatures => (Image.Features, _metadataLog.EndOffset.Value - 1);

    /// <summary>
    /// Calls <paramref name="use"/> with the first id and the size of a block that nobody else gets; the size is 0
    /// where there is no room to store it.
    /// </summary>
    public void AllocateProducerIds(Action<long, int> use)
    {
        var count = 0;
        Run(
            (core, records) => core.AllocateProducerIds(out count, records),
            first => use(first, count),
            _ => count = 0);
    }

    /// <summary>Replays the log; the topics whose deletion stands in it.</summary>
    private HashSet<Uuid> Load()
    {
        var deleted = new HashSet<Uuid>();
        foreach (var record in _metadataLog.ReadAll())
        {
            if (record is RemoveTopicRecord removed)
                deleted.Add(removed.TopicId);
            try
            {
                _controller.Replay(record);
            }
            catch (InvariantBrokenException broken)
            {
                throw new IOException(
                    $"The metadata is damaged: a {record.GetType().Name} does not fit what is before it "
                    + $"({broken.Message}). Restore {LocalMetadataLog.Folder} from a copy.", broken);
            }
        }

        return deleted;
    }

    private bool Commit(List<IMessage> records)
    {
        if (records.Count == 0)
            return true;
        if (records.Any(record => record is TopicRecord) && !AreFormerTopicsForgotten())
            return false;
        var isUrgent = records.TrueForAll(record => record is RemoveTopicRecord);
        var isStored = TryStore(records, isUrgent);
        if (!isUrgent)
            Tell(isDiskFull: !isStored);
        if (!isStored)
            return false;
        Image = _controller.Image;
        _metadataLog.SnapshotIfDue(Image, _loop.Now);
        Publish();
        return true;
    }

    /// <summary>A topic never begins where a former one of its name has ended.</summary>
    private bool AreFormerTopicsForgotten()
    {
        try
        {
            _publisher.Checkpoints.ForgetAll();
            return true;
        }
        catch (IOException failure)
        {
            _log($"The checkpoint files can't be written, and no topic created until they are: {failure.Message}");
            return false;
        }
    }

    private void Tell(bool isDiskFull)
    {
        if (_isDiskFull == isDiskFull)
            return;
        _isDiskFull = isDiskFull;
        _log(isDiskFull
            ? "The disk is full: the cluster takes no changes but deletions."
            : "The cluster takes changes again.");
    }

    /// <summary>What can't be put into effect yet, as on a full disk, is not known to clients until it is.</summary>
    private void Publish()
    {
        try
        {
            if (_publisher.Publish(Image))
                return;
        }
        catch (IOException failure)
        {
            _log($"The metadata is stored but not all of it could be put into effect: {failure.Message}");
        }

        PublishAgainSoon();
    }

    private void PublishAgainSoon()
    {
        if (_isToPublishAgain)
            return;
        _isToPublishAgain = true;
        _loop.Schedule(_loop.Steady + RetryMs, () =>
        {
            _isToPublishAgain = false;
            Publish();
        });
    }

    private bool TryStore(List<IMessage> records, bool isUrgent)
    {
        try
        {
            if (!isUrgent && !_publisher.HasRoom(records.Count(record => record is PartitionRecord)))
                return false;
            if (!_metadataLog.TryAppend(records, _loop.Now, isUrgent))
                return false;
        }
        catch (IOException failure)
        {
            throw new InvariantBrokenException($"the metadata log can be written ({failure.Message})");
        }

        foreach (var record in records)
            _controller.Replay(record);
        return true;
    }
}
