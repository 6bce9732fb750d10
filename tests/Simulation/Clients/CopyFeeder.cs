using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;
using Millrace.Simulation.Ledgers;

namespace Millrace.Simulation.Clients;

/// <summary>Makes the topics of a copy and writes what is to be copied.</summary>
internal sealed class CopyFeeder(World world) : Client(world, "copy feeder")
{
    /// <summary>False if they can't be made.</summary>
    public async Task<bool> CreateTopics()
    {
        var answer = await Call<CreateTopicsResponse>(ApiKey.CreateTopics, 7, new CreateTopicsRequest
        {
            Topics =
            [
                new() { Name = CopyLedger.Input, NumPartitions = 1, ReplicationFactor = 1 },
                new() { Name = CopyLedger.Output, NumPartitions = CopyLedger.Partitions, ReplicationFactor = 1 },
            ],
        });
        return answer?.Topics.All(topic => topic.ErrorCode == ErrorCode.None) == true;
    }

    protected override async Task Work()
    {
        await Pause(1, 1500);
        using var builder = new RecordBatchBuilder();
        for (var i = Random.Next(1, 20); i > 0; i--)
            builder.Append(World.Time.Now.Milliseconds, [1], [2]);
        await Call<ProduceResponse>(ApiKey.Produce, 9, new ProduceRequest
        {
            Acks = -1,
            TimeoutMs = 30_000,
            TopicData =
            [
                new()
                {
                    Name = CopyLedger.Input,
                    PartitionData = [new() { Index = 0, Records = new RecordData(builder.Build().ToArray()) }],
                },
            ],
        });
    }
}
