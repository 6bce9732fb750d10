using Millrace.Core.Controller;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Records.Compression;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Log.Verification;

/// <summary>
/// What the metadata log of a data directory says of its topics: ids and cleanup policies. Read once, as far as it can
/// be read; its damage is told where the log itself is verified.
/// </summary>
internal sealed class TopicFacts
{
    public const string MetadataFolder = "__cluster_metadata-0";

    private const int Topic = 2;
    private const int Broker = 4;
    private const string CleanupPolicy = "cleanup.policy";

    private readonly Dictionary<string, Uuid> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<Uuid, string> _names = [];
    private readonly Dictionary<string, string> _policies = new(StringComparer.Ordinal);
    private string _defaultPolicy = "delete";

    /// <summary>There is a metadata log, and it was read to its end without damage.</summary>
    public bool IsKnown { get; private set; }

    public static TopicFacts Read(IDisk disk)
    {
        var facts = new TopicFacts();
        if (!disk.Exists(MetadataFolder))
            return facts;
        try
        {
            facts.ReadFolder(disk);
        }
        catch (IOException)
        {
            facts.IsKnown = false;
        }

        return facts;
    }

    public Uuid IdOf(string topic) => _ids.GetValueOrDefault(topic);

    public Cleaning CleaningOf(string topic)
    {
        if (topic == TopicName.ClusterMetadata)
            return Cleaning.Never;
        if (_policies.TryGetValue(topic, out string? policy))
            return Compacts(policy) ? Cleaning.Compacts : Cleaning.Never;
        if (topic is "__consumer_offsets" or "__transaction_state")
            return Cleaning.Compacts;
        if (!IsKnown || !_ids.ContainsKey(topic))
            return Cleaning.Unknown;
        return Compacts(_defaultPolicy) ? Cleaning.Compacts : Cleaning.Never;
    }

    private static bool Compacts(string policy) => policy.Contains("compact", StringComparison.Ordinal);

    private void ReadFolder(IDisk disk)
    {
        LogFileName[] files = [.. disk.List(MetadataFolder).Select(LogFileName.Parse)];
        LogFileName[] snapshots = [.. files.Where(file => file.Kind == LogFileKind.MetadataSnapshot)
            .OrderByDescending(file => file.Offset)];
        long from = 0;
        IsKnown = true;
        if (snapshots is [var newest, ..])
        {
            ReadFile(disk, newest.Name, 0, 0);
            from = newest.Offset;
        }

        foreach (LogFileName log in files.Where(file => file.Kind == LogFileKind.Log).OrderBy(file => file.Offset))
            ReadFile(disk, log.Name, log.Offset, from);
    }

    private void ReadFile(IDisk disk, string name, long baseOffset, long from)
    {
        using IDiskFile file = disk.Open($"{MetadataFolder}/{name}");
        using var walk = new BatchWalk(file, file.Length, baseOffset);
        while (walk.MoveNext())
        {
            if (walk.State != BatchState.Good)
                IsKnown = false;
            else if (walk.IsInMemory && !walk.Batch.IsControl && walk.Batch.LastOffset >= from)
                ReadBatch(walk.Batch, from);
        }
    }

    private void ReadBatch(scoped in RecordBatch batch, long from)
    {
        if (BatchRecords.Open(batch, RecordCheck.LargestDecompressed, out BatchRecords opened) != DecompressResult.Ok)
        {
            IsKnown = false;
            return;
        }

        using (opened)
        {
            RecordEnumerator records = batch.Records(opened.Bytes);
            while (records.MoveNext())
            {
                if (records.Current.Offset >= from && records.Current.HasValue)
                    Apply(records.Current.Value.ToArray());
            }
        }
    }

    private void Apply(byte[] value)
    {
        try
        {
            switch (MetadataRecord.Read(value))
            {
                case TopicRecord topic:
                    _ids[topic.Name] = topic.TopicId;
                    _names[topic.TopicId] = topic.Name;
                    break;
                case RemoveTopicRecord removed when _names.Remove(removed.TopicId, out string? name):
                    _ids.Remove(name);
                    _policies.Remove(name);
                    break;
                case ConfigRecord { ResourceType: Topic, Name: CleanupPolicy } config:
                    SetPolicy(config);
                    break;
                case ConfigRecord { ResourceType: Broker, Name: "log." + CleanupPolicy, Value: { } policy }:
                    _defaultPolicy = policy;
                    break;
            }
        }
        catch (MalformedFrameException)
        {
            IsKnown = false;
        }
    }

    private void SetPolicy(ConfigRecord config)
    {
        if (config.Value is null)
            _policies.Remove(config.ResourceName);
        else
            _policies[config.ResourceName] = config.Value;
    }
}
