using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;
using Millrace.Simulation.Ledgers;

namespace Millrace.Simulation.Clients;

/// <summary>
/// A producer. Plain, it sends each batch once; idempotent, it sends a few one behind the other and those without an
/// answer again, in order, until each has one.
/// </summary>
internal sealed class Producer : Client
{
    private const int MostInFlight = 5;
    private const int MostAttempts = 60;

    private static readonly short[] Versions = [3, 7, 9, 12, 13];

    private readonly bool _isIdempotent;
    private readonly short _acks;
    private readonly CompressionType _codec;
    private readonly int _slowest;
    private readonly Dictionary<PartitionLedger, int> _sequences = [];
    private long _producerId = RecordBatch.NoProducerId;

    public Producer(World world, int number, bool allowsLoss)
        : base(world, $"producer {number}")
    {
        _isIdempotent = Random.Next(2) == 0;
        _acks = (short)(allowsLoss && Random.Next(2) == 0 ? Random.Next(2) : -1);
        if (_acks == 0)
            _isIdempotent = false;
        _codec = (CompressionType)Random.Next(5);
        _slowest = Random.Next(4) == 0 ? 100 : 1500;
    }

    protected override async Task Work()
    {
        await Pause(1, _slowest);
        if (World.PickTopic(Random) is not { } topic)
            return;
        var index = Random.Next(topic.Partitions.Count);
        if (!_isIdempotent)
            await SendOnce(topic, index);
        else if (_producerId >= 0 || await Begin())
            await SendWindow(topic, index);
    }

    /// <summary>Produces one batch with acks=all until it is answered well; false if it never is.</summary>
    public async Task<bool> Probe(TopicLedger topic, int index, int milliseconds)
    {
        var deadline = World.Time.Now + milliseconds;
        while (World.Time.Now < deadline)
        {
            var batch = new Batch([World.Ledger.NewRecord(-1)], 0);
            if (await Send(topic, index, batch, -1) == ErrorCode.None)
                return true;
            await Pause(100, 500);
        }

        return false;
    }

    private async Task<bool> Begin()
    {
        var answer = await Call<InitProducerIdResponse>(
            ApiKey.InitProducerId, 4, new InitProducerIdRequest { TransactionalId = null });
        if (answer is not { ErrorCode: ErrorCode.None })
            return false;
        World.Ledger.GaveProducerId(answer.ProducerId);
        _producerId = answer.ProducerId;
        _sequences.Clear();
        return true;
    }

    private async Task SendOnce(TopicLedger topic, int index)
    {
        var batch = NewBatch(0);
        if (_acks != 0)
        {
            await Send(topic, index, batch, _acks);
            return;
        }

        foreach (var record in batch.Records)
            topic.Partitions[index].Sent(record);
        SendOnly(ApiKey.Produce, 9, Request(topic, index, batch, 0));
    }

    /// <summary>
    /// What is behind a batch that failed fails with it, out of sequence; only the first that is open tells anything.
    /// </summary>
    private async Task SendWindow(TopicLedger topic, int index)
    {
        var partition = topic.Partitions[index];
        var sequence = _sequences.GetValueOrDefault(partition);
        var open = new List<Batch>();
        for (var i = Random.Next(1, MostInFlight + 1); i > 0; i--)
        {
            open.Add(NewBatch(sequence));
            sequence += open[^1].Records.Count;
        }

        var starts = World.Starts;
        for (var attempt = 0; open.Count > 0 && !topic.MayBeGone; attempt++)
        {
            var ends = World.LogEnd(topic, index);
            var errors = await Task.WhenAll(open.Select(batch => Send(topic, index, batch, _acks)));
            if (attempt > 0 && errors[0] == ErrorCode.None && open[0].Offset < ends)
                World.Sometimes.Count(Rare.DuplicateFenced);
            if (errors[0] is ErrorCode.OutOfOrderSequence or ErrorCode.DuplicateSequenceNumber
                or ErrorCode.UnknownProducerId or ErrorCode.InvalidProducerEpoch)
            {
                if (_acks == -1 && !MayBeUnknown(partition, open, starts))
                    World.Fail(
                        $"{Name}: {errors[0]} for sequence {open[0].Sequence} of {partition.Name}, which is next");
                break;
            }

            open.RemoveAll(batch => batch.Offset >= 0);
            if (World.IsEnding || attempt > MostAttempts)
                break;
        }

        if (open.Count == 0)
            _sequences[partition] = sequence;
        else
            _producerId = RecordBatch.NoProducerId;
    }

    /// <summary>
    /// Whether the partition may rightly not know where the producer stands: it takes any first batch of one that it
    /// does not know; it forgets with its oldest segments; and over a restart its snapshot keeps one batch a producer.
    /// </summary>
    private bool MayBeUnknown(PartitionLedger partition, List<Batch> open, int starts) =>
        open[0].Sequence == 0 || !partition.KeepsAll || partition.Flips > 0
        || (open.Count > 1 && World.Starts > starts);

    /// <summary>None is a success, UnknownServerError stands for no answer.</summary>
    private async Task<ErrorCode> Send(TopicLedger topic, int index, Batch batch, short acks)
    {
        var partition = topic.Partitions[index];
        foreach (var record in batch.Records)
            partition.Sent(record);
        var version = Versions[Random.Next(Versions.Length)];
        if (_codec == CompressionType.Zstd || World.IsVolatile(topic))
            version = 13;
        var response = await Call<ProduceResponse>(ApiKey.Produce, version, Request(topic, index, batch, acks));
        if (response is null)
            return ErrorCode.UnknownServerError;
        var answer = response.Responses[0].PartitionResponses[0];
        Say($"{partition.Name} acks={acks} {batch}: {answer.ErrorCode} at {answer.BaseOffset}");
        if (answer.ErrorCode == ErrorCode.None)
        {
            batch.Offset = answer.BaseOffset;
            partition.Acknowledged(batch.Records, answer.BaseOffset);
        }
        else if (answer.ErrorCode == ErrorCode.KafkaStorageError)
        {
            await Pause(50, 500);
        }

        return answer.ErrorCode;
    }

    private Batch NewBatch(int sequence) => new(
        [.. Enumerable.Range(0, Random.Next(1, 6)).Select(_ => World.Ledger.NewRecord(_acks))], sequence);

    private ProduceRequest Request(TopicLedger topic, int index, Batch batch, short acks) => new()
    {
        Acks = acks,
        TimeoutMs = 30_000,
        TopicData =
        [
            new()
            {
                Name = topic.Name,
                TopicId = topic.Id,
                PartitionData = [new() { Index = index, Records = new RecordData(Encode(batch)) }],
            },
        ],
    };

    private byte[] Encode(Batch batch)
    {
        var isSequenced = _isIdempotent && _producerId >= 0;
        using var builder = new RecordBatchBuilder
        {
            Compression = _codec,
            ProducerId = isSequenced ? _producerId : RecordBatch.NoProducerId,
            ProducerEpoch = isSequenced ? (short)0 : RecordBatch.NoProducerEpoch,
            BaseSequence = isSequenced ? batch.Sequence : RecordBatch.NoSequence,
        };
        foreach (var record in batch.Records)
        {
            builder.Append(
                World.Time.Now.Milliseconds, [(byte)(record.Id % 10)],
                Payload.Of(record.Id, World.Scenario.LargestValue));
        }

        return builder.Build().ToArray();
    }

    private sealed class Batch(List<SentRecord> records, int sequence)
    {
        public List<SentRecord> Records { get; } = records;

        public int Sequence { get; } = sequence;

        /// <summary>-1 while it is not acknowledged.</summary>
        public long Offset { get; set; } = -1;

        public override string ToString() => $"records {Records[0].Id} to {Records[^1].Id}, sequence {Sequence}";
    }
}
