using Confluent.Kafka;
using Millrace.Shared;

namespace Millrace.Integration.Faults;

/// <summary>
/// A small disk that is filled to the last block, again and again: records are refused, reads and deletions go on, and
/// writes go on as soon as there is room, without a restart.
/// </summary>
public sealed class DiskFullTests
{
    private const int Megabytes = 128;
    private const long LeftFree = 2 << 20;
    private const int SmallPadding = 4_000;
    private const int LargePadding = 500_000;

    [Fact]
    public async Task RefusesRecordsUntilThereIsRoom()
    {
        var cycles = FaultRun.Rounds(shortForm: 2, fullForm: 20);
        await using var volume = await Volume.Create(Megabytes);
        await using var server = await MillraceServer.StartIn(volume.Data, Writers.Settings);
        using var writers = new Writers(server);
        await writers.Write(10);
        var cycle = 0;
        await FaultRun.Each(cycles, async random =>
        {
            var giveBack = cycle++ % 2 == 0
                ? FillWithAFile(volume)
                : await FillWithATopic(server, $"room-{cycle}");
            Assert.All(
                await writers.All(writer => writer.WriteUntilRefused(random.Next(SmallPadding))),
                error => Assert.Equal(ErrorCode.KafkaStorageError, error));
            writers.Check();
            await giveBack();
            await writers.AreServed();
            await writers.Write(random.Next(1, 20));
        });
        Assert.Contains("the disk is full", server.Errors, StringComparison.Ordinal);
        await server.Kill();
        await server.StartAgain();
        FaultRun.Report($"{cycles} times a full disk: {writers.Check()}");
    }

    /// <summary>Somebody else's file; what takes it away again.</summary>
    private static Func<Task> FillWithAFile(Volume volume)
    {
        var file = Path.Combine(volume.Path, "somebody-elses");
        using (File.OpenHandle(file, FileMode.CreateNew, FileAccess.Write, preallocationSize: volume.Free - LeftFree))
        {
        }

        return () =>
        {
            File.Delete(file);
            return Task.CompletedTask;
        };
    }

    /// <summary>Another topic's records; what deletes the topic.</summary>
    private static async Task<Func<Task>> FillWithATopic(MillraceServer server, string topic)
    {
        using (var writer = new StrictWriter(server.Bootstrap, new TopicPartition(topic, 0)))
            Assert.Equal(ErrorCode.KafkaStorageError, await writer.WriteUntilRefused(LargePadding));
        return async () =>
        {
            using var admin = new AdminClientBuilder(new AdminClientConfig
            {
                BootstrapServers = server.Bootstrap,
            }).Build();
            await admin.DeleteTopicsAsync([topic]);
        };
    }
}
