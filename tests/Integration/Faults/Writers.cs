using Confluent.Kafka;
using Millrace.Integration.Broker;
using Millrace.Shared;

namespace Millrace.Integration.Faults;

/// <summary>A <see cref="StrictWriter"/> for each partition of a topic.</summary>
internal sealed class Writers(MillraceServer server) : IDisposable
{
    private const string Topic = "strict";
    private const int Partitions = 4;

    private readonly List<StrictWriter> _writers =
    [
        .. Enumerable.Range(0, Partitions).Select(
            number => new StrictWriter(server.Bootstrap, new TopicPartition(Topic, number))),
    ];

    /// <summary>Settings of the server that fit them.</summary>
    public static string[] Settings { get; } = ["--set", $"num.partitions={Partitions}"];

    /// <summary>What each of them says, all at work at once.</summary>
    public Task<T[]> All<T>(Func<StrictWriter, Task<T>> work) => Task.WhenAll(_writers.Select(work));

    /// <summary>So many records to each partition, none of which may be refused.</summary>
    public async Task Write(int records)
    {
        for (var i = 0; i < records; i++)
            Assert.All(await All(writer => writer.Write()), error => Assert.Equal(ErrorCode.NoError, error));
    }

    /// <summary>Waits until no partition refuses a record any more.</summary>
    public Task AreServed() => Poll.Until(
        async () => (await All(writer => writer.Write())).All(error => error == ErrorCode.NoError),
        () => $"records are still refused: {server.Errors}");

    /// <summary>What was acknowledged is served, once; what was refused may be.</summary>
    public Tally Check()
    {
        var tally = Logs.Read(server.Bootstrap, Topic, Partitions)
            .Select((records, partition) => Tally.Of(
                records, new Dictionary<string, IReadOnlyList<long>>
                {
                    [_writers[partition].Key] = _writers[partition].Offsets,
                }))
            .Aggregate((one, other) => one + other);
        Assert.True(tally.IsPerfect, $"{tally}\n{server.Errors}");
        return tally;
    }

    public void Dispose() => _writers.ForEach(writer => writer.Dispose());
}
