using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Millrace.Integration.Broker;
using Millrace.Shared;

namespace Millrace.Integration.Faults;

/// <summary>
/// A data directory with a bit of everything, of a server that was stopped or killed, and what a server that is started
/// on a copy of it must serve: several segments, every codec, a compacted topic, committed offsets.
/// </summary>
internal sealed class WrittenDirectory
{
    public const string Group = "committed";
    public const string Counted = "plain";

    private const string Compacted = "compacted";
    private const int Batch = 10;
    private const int Batches = 12;
    private const int BatchesBeforeTheKill = 5;
    private const int Keys = 30;
    private const long FirstTimestamp = 1_790_000_000_000;
    private const long RecordMs = 100;
    private const string SegmentMs = "3500";

    /// <summary>Topics and their codec; two partitions each.</summary>
    private static readonly Dictionary<string, string> Codecs = new()
    {
        [Counted] = "producer",
        [Compacted] = "producer",
        ["gzip"] = "gzip",
        ["snappy"] = "snappy",
        ["lz4"] = "lz4",
        ["zstd"] = "zstd",
    };

    private static readonly string[] Settings =
    [
        "--set", "offsets.topic.num.partitions=2", "--set", "log.retention.ms=-1",
    ];

    private WrittenDirectory(string path, bool isClean)
    {
        Path = path;
        IsClean = isClean;
    }

    public static int Partitions => 2;

    public static IReadOnlyList<TopicPartition> All { get; } =
    [
        .. Codecs.Keys.Append("__consumer_offsets").SelectMany(
            topic => Enumerable.Range(0, Partitions).Select(number => new TopicPartition(topic, number))),
    ];

    public string Path { get; }

    /// <summary>The server was stopped in order.</summary>
    public bool IsClean { get; }

    /// <summary>What a server serves of each partition of <see cref="All"/>.</summary>
    public IReadOnlyList<PartitionReading> Contents { get; private set; } = [];

    /// <summary>What the group committed in each partition of the topic <see cref="Counted"/>.</summary>
    public IReadOnlyList<long> Committed { get; private set; } = [];

    /// <summary>Up to where each log was known to be on stable storage, by folder.</summary>
    public Dictionary<string, long> RecoveryPoints =>
        File.ReadLines(System.IO.Path.Combine(Path, "recovery-point-offset-checkpoint")).Skip(2)
            .Select(line => line.Split(' '))
            .ToDictionary(
                parts => $"{parts[0]}-{parts[1]}", parts => long.Parse(parts[2], CultureInfo.InvariantCulture));

    /// <summary>Servers on copies: the cleaner would take away records that are missed then.</summary>
    public static MillraceServer ServerOn(string path) =>
        MillraceServer.In(path, [.. Settings, "--set", "log.cleaner.enable=false"]);

    /// <summary>Makes a directory, left in order.</summary>
    public static async Task<WrittenDirectory> Write(string path)
    {
        var directory = new WrittenDirectory(path, isClean: true);
        await using (var server = await MillraceServer.StartIn(
            path, [.. Settings, "--set", "log.cleaner.backoff.ms=100"]))
        {
            await CreateTopics(server.Bootstrap);
            await Produce(server.Bootstrap, 0, Batches);
            Commit(server.Bootstrap, 1, 2, 3);
            await Poll.Until(() => IsCleaned(path), () => "the compacted topic is not compacted");
            Assert.Equal(0, await server.Terminate());
        }

        await directory.ReadCopy();
        return directory;
    }

    /// <summary>Makes one in which more was written before the server was killed.</summary>
    public async Task<WrittenDirectory> GoOnAndKill(string path)
    {
        CopyTo(path);
        var directory = new WrittenDirectory(path, isClean: false);
        await using (var server = ServerOn(path))
        {
            await server.StartAgain();
            await Produce(server.Bootstrap, Batches, BatchesBeforeTheKill);
            Commit(server.Bootstrap, 4, 5);
            await server.Kill();
        }

        await directory.ReadCopy();
        return directory;
    }

    /// <summary>Overwrites nothing: the target is deleted first.</summary>
    public void CopyTo(string target)
    {
        if (Directory.Exists(target))
            Directory.Delete(target, recursive: true);
        foreach (var file in new DirectoryInfo(Path).EnumerateFiles("*", SearchOption.AllDirectories))
        {
            var copy = System.IO.Path.Combine(target, System.IO.Path.GetRelativePath(Path, file.FullName));
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(copy)!);
            file.CopyTo(copy);
        }
    }

    private static bool IsCleaned(string path)
    {
        var file = System.IO.Path.Combine(path, "cleaner-offset-checkpoint");
        return File.Exists(file) && Enumerable.Range(0, Partitions).All(
            number => File.ReadAllText(file).Contains($"{Compacted} {number} ", StringComparison.Ordinal));
    }

    private static async Task CreateTopics(string bootstrap)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap }).Build();
        await admin.CreateTopicsAsync(Codecs.Select(topic => new TopicSpecification
        {
            Name = topic.Key,
            NumPartitions = Partitions,
            ReplicationFactor = 1,
            Configs = new()
            {
                ["compression.type"] = topic.Value,
                ["cleanup.policy"] = topic.Key == Compacted ? "compact" : "delete",
                ["min.cleanable.dirty.ratio"] = "0.01",
                ["segment.ms"] = SegmentMs,
                ["index.interval.bytes"] = "500",
            },
        }));
    }

    /// <summary>Whole batches to each partition, their timestamps such that segments are rolled.</summary>
    private static async Task Produce(string bootstrap, int firstBatch, int batches)
    {
        using var producer = new ProducerBuilder<string, string>(new ProducerConfig
        {
            BootstrapServers = bootstrap,
            EnableIdempotence = true,
            BatchNumMessages = Batch,
            LingerMs = 10_000,
            MaxInFlight = 1,
        }).SetLogHandler((_, _) => { }).Build();
        var partitions = All.Where(partition => Codecs.ContainsKey(partition.Topic)).ToList();
        for (var batch = firstBatch; batch < firstBatch + batches; batch++)
        {
            await Task.WhenAll(partitions.SelectMany(partition => Enumerable.Range(batch * Batch, Batch)
                .Select(number => producer.ProduceAsync(partition, Record(partition, number)))));
        }
    }

    private static Message<string, string> Record(TopicPartition partition, int number)
    {
        var key = partition.Topic == Compacted ? $"key {number % Keys}" : $"{partition.Topic} {number % 2}";
        return new Message<string, string>
        {
            Key = key,
            Value = new NumberedValue(key, partition.Partition.Value, number).ToString(),
            Timestamp = new Timestamp(FirstTimestamp + (number * RecordMs), TimestampType.CreateTime),
        };
    }

    private static void Commit(string bootstrap, params IEnumerable<int> offsets)
    {
        using var consumer = new ConsumerBuilder<string, string>(new ConsumerConfig
        {
            BootstrapServers = bootstrap,
            GroupId = Group,
            EnableAutoCommit = false,
        }).SetLogHandler((_, _) => { }).Build();
        foreach (var offset in offsets)
        {
            consumer.Commit(All.Where(partition => partition.Topic == Counted)
                .Select(partition => new TopicPartitionOffset(partition, offset)));
        }
    }

    private async Task ReadCopy()
    {
        var copy = Path + "-read";
        CopyTo(copy);
        await using (var server = ServerOn(copy))
        {
            await server.StartAgain();
            using var reader = await PartitionReader.Open(server.Port);
            var contents = new List<PartitionReading>();
            foreach (var partition in All)
                contents.Add(await reader.Read(partition));
            Contents = contents;
            (Committed, _) = await reader.Committed(Group, Counted, Partitions);
        }

        Directory.Delete(copy, recursive: true);
        Assert.All(Contents, reading => Assert.Empty(reading.Refused));
        var records = (Batches + (IsClean ? 0 : BatchesBeforeTheKill)) * Batch;
        Assert.All(
            Contents.Where(
                reading => Codecs.ContainsKey(reading.Partition.Topic) && reading.Partition.Topic != Compacted),
            reading => Assert.Equal(records, reading.Records.Count));
    }
}
