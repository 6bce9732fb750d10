using Millrace.Broker.Requests;
using Millrace.Core.Configs;
using Millrace.Core.Controller;
using Millrace.Core.Model;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Cluster;

/// <summary>The metadata log: of a quorum, or of a single node.</summary>
internal interface IMetadataLog : IDisposable
{
    /// <summary>Every record, in order. Called once, before the first append.</summary>
    IEnumerable<IMessage> ReadAll();

    /// <summary>Appends the records as one batch; they are on stable storage when this returns.</summary>
    /// <exception cref="IOException">The storage has failed: nothing may be decided any more.</exception>
    void Append(IReadOnlyList<IMessage> records, Instant now);
}

/// <summary>
/// Runs the controller on its own loop: decide, append, replay, publish, reply.
/// </summary>
/// <remarks>
/// <para>Owned by the node. 1. All work is done on the loop, one piece at a time. 2. A reply goes after its records are
/// durable and published, so that what it tells can be used at once. 3. After a failed append the process ends: what
/// the log holds is then unknown.</para>
/// </remarks>
internal sealed class ControllerShard
{
    private readonly ILoop _loop;
    private readonly Controller _controller;
    private readonly IMetadataLog _metadataLog;
    private readonly MetadataPublisher _publisher;
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
        foreach (var record in metadataLog.ReadAll())
            controller.Replay(record);
        Image = controller.Image;
        publisher.Publish(Image);
    }

    /// <summary>The published image.</summary>
    public ClusterImage Image { get; private set; }

    /// <summary>Decides on the loop, and replies when the decision can be seen.</summary>
    public void Run<TResponse>(Func<Controller, List<IMessage>, TResponse> decide, Action<TResponse> reply) =>
        _loop.Post(() =>
        {
            var records = new List<IMessage>();
            var response = decide(_controller, records);
            Commit(records);
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
    public void CreateInternalTopic(string name, Action then) =>
        Run(
            (core, records) => core.CreateTopic(
                name, _settings.Int("offsets.topic.num.partitions"), 1, records,
                ("cleanup.policy", "compact"), ("compression.type", "producer"), ("segment.bytes", "104857600")),
            _ => then());

    /// <summary>Calls <paramref name="use"/> with the first id and the size of a block that nobody else gets.</summary>
    public void AllocateProducerIds(Action<long, int> use)
    {
        var count = 0;
        Run((core, records) => core.AllocateProducerIds(out count, records), first => use(first, count));
    }

    private void Commit(List<IMessage> records)
    {
        if (records.Count == 0)
            return;
        try
        {
            _metadataLog.Append(records, _loop.Now);
        }
        catch (IOException failure)
        {
            throw new InvariantBrokenException($"the metadata log can be written ({failure.Message})");
        }

        foreach (var record in records)
            _controller.Replay(record);
        Image = _controller.Image;
        try
        {
            _publisher.Publish(Image);
        }
        catch (IOException failure)
        {
            // The next change tries again; until then clients are told that the partition is not known.
            _log($"The metadata is stored but not all of it could be put into effect: {failure.Message}");
        }
    }
}
