using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Simulation.Clients;

/// <summary>Deletes records below some offset, for good, where a topic need not keep all.</summary>
internal sealed class Trimmer(World world) : Client(world, "trimmer")
{
    protected override async Task Work()
    {
        await Pause(500, 6000);
        var topics = World.Ledger.StableTopics.Where(topic => !topic.Partitions[0].KeepsAll).ToList();
        if (topics.Count == 0)
            return;
        var topic = topics[Random.Next(topics.Count)];
        var index = Random.Next(topic.Partitions.Count);
        var partition = topic.Partitions[index];
        var answer = await Call<DeleteRecordsResponse>(ApiKey.DeleteRecords, 2, new DeleteRecordsRequest
        {
            TimeoutMs = 1000,
            Topics =
            [
                new()
                {
                    Name = topic.Name,
                    Partitions =
                    [
                        new()
                        {
                            PartitionIndex = index,
                            Offset = Random.Next(4) == 0
                                ? -1
                                : Random.NextInt64(partition.LogStartOffset, partition.HighWatermark + 1),
                        },
                    ],
                },
            ],
        });
        if (answer?.Topics[0].Partitions[0] is not { } trimmed)
            return;
        Say($"{partition.Name} starts at {trimmed.LowWatermark}: {trimmed.ErrorCode}");
        if (trimmed.ErrorCode != ErrorCode.None)
            return;
        partition.Trimmed(trimmed.LowWatermark);
        World.Sometimes.Count(Rare.RecordsDeleted);
    }
}
