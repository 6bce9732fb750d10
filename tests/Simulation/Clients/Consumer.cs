using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Simulation.Ledgers;

namespace Millrace.Simulation.Clients;

/// <summary>
/// A reader without a group: reads one partition for a while from some offset on, then another. What it gets must be
/// sound, begin where it asked, and have no gap.
/// </summary>
internal sealed class Consumer(World world, int number) : Client(world, $"consumer {number}")
{
    private static readonly short[] Versions = [4, 7, 11, 12, 13, 17];

    protected override async Task Work()
    {
        await Pause(1, 1000);
        if (World.PickTopic(Random) is not { } topic)
            return;
        var index = Random.Next(topic.Partitions.Count);
        var partition = topic.Partitions[index];
        var at = Random.Next(3) switch
        {
            0 => Random.NextInt64(partition.HighWatermark + 1),
            1 => partition.LogStartOffset,
            _ => await Find(topic, index),
        };
        for (var i = Random.Next(1, 12); i > 0 && at >= 0 && !topic.MayBeGone && !World.IsEnding; i--)
            at = await Fetch(topic, index, at);
    }

    /// <summary>The offset of the latest, the earliest or of a time; -1 if that is not told.</summary>
    private async Task<long> Find(TopicLedger topic, int index)
    {
        if (World.IsVolatile(topic))
            return -1;
        var time = Random.Next(4) switch
        {
            0 => -1,
            1 => -2,
            2 => -3,
            _ => World.Time.Now.Milliseconds - Random.Next(60_000),
        };
        var partition = topic.Partitions[index];
        var (kept, cuts) = (partition.KeptEnd, World.PowerCuts);
        var answer = await Call<ListOffsetsResponse>(ApiKey.ListOffsets, 7, new ListOffsetsRequest
        {
            Topics = [new() { Name = topic.Name, Partitions = [new() { PartitionIndex = index, Timestamp = time }] }],
        });
        if (answer?.Topics[0].Partitions[0] is not { ErrorCode: ErrorCode.None } found)
            return -1;
        if (time == -1 && found.Offset < kept && cuts == World.PowerCuts)
            World.Fail($"{partition.Name}: the latest offset is {found.Offset}, and all below {kept} was acknowledged");
        return found.Offset;
    }

    /// <summary>The offset to go on from; -1 to stop.</summary>
    private async Task<long> Fetch(TopicLedger topic, int index, long at)
    {
        var version = World.IsVolatile(topic) ? (short)13 : Versions[Random.Next(Versions.Length)];
        var response = await Call<FetchResponse>(ApiKey.Fetch, version, new FetchRequest
        {
            MaxWaitMs = Random.Next(4) == 0 ? 0 : Random.Next(1, 1000),
            MinBytes = Random.Next(3) == 0 ? 1 : Random.Next(2000),
            MaxBytes = Random.Next(2) == 0 ? int.MaxValue : Random.Next(1, 4000),
            IsolationLevel = (sbyte)Random.Next(2),
            Topics =
            [
                new()
                {
                    Topic = topic.Name,
                    TopicId = topic.Id,
                    Partitions =
                    [
                        new()
                        {
                            Partition = index,
                            FetchOffset = at,
                            PartitionMaxBytes = Random.Next(2) == 0 ? 1 << 20 : Random.Next(1, 3000),
                        },
                    ],
                },
            ],
        });
        if (response is not { ErrorCode: ErrorCode.None } || response.Responses.Count == 0)
            return -1;
        var answer = response.Responses[0].Partitions[0];
        if (answer.ErrorCode != ErrorCode.None)
        {
            Say($"{topic.Partitions[index].Name} from {at}: {answer.ErrorCode}");
            return -1;
        }

        return Read(topic.Partitions[index], at, answer);
    }

    private long Read(PartitionLedger partition, long at, FetchResponse.PartitionData answer)
    {
        var records = BatchReader.Read(World, partition.Name, answer.Records.Bytes.Span);
        var next = at;
        foreach (var (offset, id) in records)
        {
            if (offset < at)
                continue;
            if (offset != next)
                World.Fail($"{partition.Name}: a fetch from {at} gave {offset} where {next} was due");
            if (offset >= answer.HighWatermark)
                World.Fail($"{partition.Name}: offset {offset} is above the high watermark {answer.HighWatermark}");
            partition.Read(offset, id);
            next = offset + 1;
        }

        if (records.Count > 0 && next == at)
            World.Fail($"{partition.Name}: a fetch from {at} gave records below it alone");
        Say($"{partition.Name} from {at}: {next - at} records, high watermark {answer.HighWatermark}");
        return next;
    }
}
