using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Simulation.Ledgers;

namespace Millrace.Simulation.Clients;

/// <summary>Makes topics, gives them more partitions, deletes some and makes them anew under the same name.</summary>
internal sealed class Admin(World world) : Client(world, "admin")
{
    private const int Names = 2;
    private const int MostPartitions = 6;

    private readonly TopicLedger?[] _topics = new TopicLedger?[Names];
    private readonly bool[] _wasThere = new bool[Names];

    public async Task<TopicLedger?> Create(string name, int partitions)
    {
        var configs = World.Scenario.DrawTopic(Random, out var keepsAll);
        var answer = await Call<CreateTopicsResponse>(ApiKey.CreateTopics, 7, new CreateTopicsRequest
        {
            Topics =
            [
                new()
                {
                    Name = name,
                    NumPartitions = partitions,
                    ReplicationFactor = 1,
                    Configs = [.. configs.Select(config => new CreateTopicsRequest.CreatableTopicConfig
                    {
                        Name = config.Key,
                        Value = config.Value,
                    })],
                },
            ],
        });
        if (answer is null)
            return null;
        var created = answer.Topics[0];
        Say($"creates {name} with {string.Join(", ", configs.Select(config => $"{config.Key}={config.Value}"))}: "
            + $"{created.ErrorCode} {created.ErrorMessage}");
        return created.ErrorCode == ErrorCode.None
            ? World.Ledger.Created(name, created.TopicId, partitions, keepsAll)
            : null;
    }

    protected override async Task Work()
    {
        await Pause(500, 8000);
        if (Random.Next(3) == 0)
            await Grow();
        if (!World.Scenario.HasVolatileTopics)
            return;
        var i = Random.Next(Names);
        var name = World.VolatilePrefix + i;
        if (_topics[i] is not null)
        {
            await Delete(i, name);
            return;
        }

        _topics[i] = await Create(name, Random.Next(1, 3));
        if (_topics[i] is null)
            await Delete(i, name); // it may have been made all the same
        else if (_wasThere[i])
            World.Sometimes.Count(Rare.TopicRecreated);
        _wasThere[i] = true;
    }

    private async Task Delete(int i, string name)
    {
        if (_topics[i] is { } known)
            known.MayBeGone = true;
        var answer = await Call<DeleteTopicsResponse>(ApiKey.DeleteTopics, 5, new DeleteTopicsRequest
        {
            TopicNames = [name],
            TimeoutMs = 1000,
        });
        if (answer?.Responses[0].ErrorCode is not { } error)
            return;
        Say($"deletes {name}: {error}");
        if (error is not (ErrorCode.None or ErrorCode.UnknownTopicOrPartition))
            return;
        if (_topics[i] is { } gone)
        {
            gone.IsGone = true;
            World.Sometimes.Count(Rare.TopicDeleted);
        }

        _topics[i] = null;
    }

    private async Task Grow()
    {
        var topic = World.Ledger.StableTopics[Random.Next(World.Ledger.StableTopics.Count)];
        var count = topic.Partitions.Count + 1;
        if (count > MostPartitions)
            return;
        var answer = await Call<CreatePartitionsResponse>(ApiKey.CreatePartitions, 3, new CreatePartitionsRequest
        {
            Topics = [new() { Name = topic.Name, Count = count, Assignments = null }],
            TimeoutMs = 1000,
        });
        Say($"gives {topic.Name} {count} partitions: {answer?.Results[0].ErrorCode}");

        // A request without an answer may have been done: then this one is refused, and the partition is there.
        if (answer?.Results[0].ErrorCode is ErrorCode.None or ErrorCode.InvalidPartitions)
            topic.Grow(count);
    }
}
