using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Millrace.Broker.Io;
using Millrace.Core.Log;
using Millrace.Core.Log.Cleaner;
using Millrace.Core.Log.Segments;
using Millrace.Integration.Connect;
using Millrace.Protocol.Records;
using Millrace.Shared;
using CompressionType = Millrace.Protocol.Records.CompressionType;
using Offset = Millrace.Core.Model.Offset;
using TopicPartition = Millrace.Core.Model.TopicPartition;

namespace Millrace.Integration.Core.Log;

/// <summary>
/// The same logs, random with every codec, tombstones and transactions, cleaned by Apache Kafka and by this cleaner:
/// batch by batch and record by record they come to the same, and Kafka's own tool finds nothing wrong with ours.
/// </summary>
public sealed class CleanerPeerTests : IDisposable
{
    private const int Rounds = 3;
    private const int Keys = 1500;
    private const string EmptyEnd = "empty end";

    private readonly DirectoryInfo _copies = Directory.CreateTempSubdirectory("cleaned-");

    public void Dispose() => _copies.Delete(recursive: true);

    [Fact]
    public async Task KafkaAndThisCleanerLeaveTheSame()
    {
        await using var kafka = await PeerKafka.StartAsync(
            "log.cleaner.backoff.ms=100", "transaction.state.log.num.partitions=1");
        string[] topics = ["kept", "purged"];
        using var admin = new AdminClientBuilder(Client(kafka)).SetLogHandler((_, _) => { }).Build();
        await admin.CreateTopicsAsync([Topic("kept", "3600000"), Topic("purged", "1")]);
        List<string> cleaned = [];
        for (int round = 0; round < Rounds; round++)
        {
            await Task.WhenAll(topics.Select(
                topic => Task.Run(() => new Workload(kafka.Bootstrap, topic, new Random(round)).Write(round))));
            string copy = Path.Combine(_copies.FullName, $"{round}");
            foreach (string topic in topics)
                Copy(Path.Combine(kafka.Logs, $"{topic}-0"), Path.Combine(copy, $"{topic}-0"));
            Dictionary<string, long> before = Checkpoints(kafka);
            await SetRatio(admin, topics, "0");
            await Poll.Until(
                () => topics.All(
                    topic => Checkpoints(kafka).GetValueOrDefault(topic) > before.GetValueOrDefault(topic)),
                () => "Kafka does not clean");
            await SetRatio(admin, topics, "1");
            foreach (string topic in topics)
            {
                Clean(copy, topic, before.GetValueOrDefault(topic, -1), Checkpoints(kafka)[topic]);
                string folder = Path.Combine(copy, $"{topic}-0");
                cleaned.Add(folder);
                // Where a group of segments ends with one that has lost all its records, ours says how far it goes.
                List<string> theirs = Describe(Path.Combine(kafka.Logs, $"{topic}-0"));
                List<string> ours = Describe(folder);
                Assert.Equal(
                    theirs,
                    ours.Where(line => !line.StartsWith(EmptyEnd, StringComparison.Ordinal) || theirs.Contains(line)));
            }
        }

        await AssertKafkaReads(cleaned);
    }

    private static ClientConfig Client(PeerKafka kafka) => new() { BootstrapServers = kafka.Bootstrap };

    private static TopicSpecification Topic(string name, string deleteRetentionMs) => new()
    {
        Name = name,
        NumPartitions = 1,
        ReplicationFactor = 1,
        Configs = new()
        {
            ["cleanup.policy"] = "compact",
            ["min.cleanable.dirty.ratio"] = "1",
            ["segment.bytes"] = "1048576",
            ["delete.retention.ms"] = deleteRetentionMs,
        },
    };

    private static Task SetRatio(IAdminClient admin, IEnumerable<string> topics, string ratio) =>
        admin.IncrementalAlterConfigsAsync(topics.ToDictionary(
            topic => new ConfigResource { Type = ResourceType.Topic, Name = topic },
            _ => new List<ConfigEntry>
            {
                new()
                {
                    Name = "min.cleanable.dirty.ratio",
                    Value = ratio,
                    IncrementalOperation = AlterConfigOpType.Set,
                },
            }));

    private static Dictionary<string, long> Checkpoints(PeerKafka kafka)
    {
        string path = Path.Combine(kafka.Logs, "cleaner-offset-checkpoint");
        return File.Exists(path)
            ? File.ReadLines(path).Skip(2).Select(line => line.Split(' '))
                .ToDictionary(parts => parts[0], parts => long.Parse(parts[2]))
            : [];
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.EnumerateFiles(from)
            .Where(file => !file.EndsWith(".deleted", StringComparison.Ordinal)))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }

    private static void Clean(string directory, string topic, long checkpoint, long expected)
    {
        var log = PartitionLog.Open(
            new FileDisk(directory),
            new TopicPartition(topic, 0),
            new LogSettings
            {
                Compact = true,
                SegmentBytes = 1 << 20,
                DeleteRetentionMs = topic == "kept" ? 3_600_000 : 1,
            },
            Clock.Machine.Now,
            new LogOpening(true, Offset.Zero, Offset.Zero));
        var target = LogToClean.Of(log, new Offset(checkpoint), log.LogEndOffset, Clock.Machine.Now);
        using (var cleaning = new Cleaning(target, new OffsetMap(1 << 20), new Lock(), Clock.Machine.Now))
        {
            while (cleaning.Step() is not null)
            {
            }

            Assert.Equal(expected, cleaning.End.Value);
        }

        Assert.True(log.Close(clean: true));
    }

    /// <summary>Every closed segment: its batches and records, and its aborted transactions.</summary>
    private static List<string> Describe(string folder)
    {
        List<string> all = [];
        foreach (string file in Directory.EnumerateFiles(folder, "*.log").Order())
        {
            all.Add($"segment {Path.GetFileName(file)}");
            foreach (RecordBatch batch in RecordBatch.Enumerate(File.ReadAllBytes(file)))
            {
                string time = batch.HasDeleteHorizon ? "horizon" : $"{batch.BaseTimestamp}";
                all.Add($"batch {batch.BaseOffset}-{batch.LastOffset} {batch.Attributes:x} {batch.ProducerId} "
                    + $"{batch.ProducerEpoch} {batch.BaseSequence} {batch.Count} records {time} {batch.MaxTimestamp}");
                BatchRecords.Open(batch, 1 << 24, out BatchRecords opened);
                using (opened)
                {
                    RecordEnumerator records = batch.Records(opened.Bytes);
                    while (records.MoveNext())
                    {
                        all.Add($"{records.Current.Offset} {records.Current.Timestamp} "
                            + $"{Convert.ToHexString(records.Current.Key)} {records.Current.HasValue} "
                            + $"{Convert.ToHexString(Crc(records.Current.Value))}");
                    }
                }
            }

            if (all[^1].Contains(" 0 records", StringComparison.Ordinal))
                all[^1] = $"{EmptyEnd} {all[^1]}";
            string index = Path.ChangeExtension(file, ".txnindex");
            if (File.Exists(index) && TransactionIndex.TryDecode(
                File.ReadAllBytes(index), 0, long.MaxValue, out List<AbortedTransaction> aborted))
                all.AddRange(aborted.Select(transaction => $"{transaction}"));
        }

        return all;
    }

    private static byte[] Crc(ReadOnlySpan<byte> value) => BitConverter.GetBytes(Crc32C.Compute(value));

    private async Task AssertKafkaReads(IEnumerable<string> folders)
    {
        string[] files = [.. folders.SelectMany(folder => Directory.EnumerateFiles(folder))
            .Where(file => Path.GetExtension(file) is ".log" or ".index" or ".timeindex" or ".txnindex")];
        await using var dump = ChildProcess.Start(
            "bash", Peers.Program("java-run"), "org.apache.kafka.tools.DumpLogSegments",
            "--deep-iteration", "--files",
            string.Join(',', files));
        int lines = 0;
        List<string> wrong = [];
        while (await dump.Output.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            lines++;
            if (line.Contains("ismatch", StringComparison.Ordinal)
                || line.Contains("not valid", StringComparison.Ordinal)
                || line.Contains("isvalid: false", StringComparison.Ordinal)
                || line.Contains("out of order", StringComparison.Ordinal))
                wrong.Add(line);
        }

        // That offsets are not consecutive is no fault of a compacted log.
        wrong.AddRange(dump.Errors.Split('\n').Where(line => line.Length > 0 && !line.Contains("onsecutive")
            && !line.Contains("is followed by", StringComparison.Ordinal)));
        Assert.Empty(wrong);
        Assert.True(lines > files.Length);
    }

    /// <summary>Random records of a few keys.</summary>
    private sealed class Workload(string bootstrap, string topic, Random random)
    {
        public async Task Write(int round)
        {
            foreach (CompressionType codec in Enum.GetValues<CompressionType>())
            {
                using (var plain = Producer(codec, null))
                    await Send(plain, 1000);
                using var transactional = Producer(codec, $"{topic}-{codec}");
                transactional.InitTransactions(TimeSpan.FromSeconds(30));
                for (int i = 0; i < 4; i++)
                {
                    transactional.BeginTransaction();
                    await Send(transactional, random.Next(1, 200));
                    if (random.Next(3) == 0)
                        transactional.AbortTransaction();
                    else
                        transactional.CommitTransaction();
                }
            }

            // What is cleaned has to end behind all of this.
            using var last = Producer(CompressionType.None, null);
            await last.ProduceAsync(topic, new() { Key = [(byte)round], Value = new byte[500_000] });
            await last.ProduceAsync(topic, new() { Key = [(byte)round], Value = new byte[600_000] });
        }

        private IProducer<byte[], byte[]?> Producer(CompressionType codec, string? transactionalId) =>
            new ProducerBuilder<byte[], byte[]?>(new ProducerConfig
            {
                BootstrapServers = bootstrap,
                CompressionType = Enum.Parse<Confluent.Kafka.CompressionType>($"{codec}"),
                LingerMs = 5,
                BatchNumMessages = 50,
                EnableIdempotence = transactionalId is not null || codec == CompressionType.Zstd,
                TransactionalId = transactionalId,
            }).SetLogHandler((_, _) => { }).Build();

        private async Task Send(IProducer<byte[], byte[]?> producer, int count)
        {
            var sent = new List<Task>();
            for (int i = 0; i < count; i++)
            {
                byte[] value = new byte[random.Next(20, 500)];
                random.NextBytes(value);
                sent.Add(producer.ProduceAsync(topic, new()
                {
                    Key = BitConverter.GetBytes(random.Next(Keys)),
                    Value = random.Next(10) == 0 ? null : value,
                }));
            }

            await Task.WhenAll(sent);
        }
    }
}
