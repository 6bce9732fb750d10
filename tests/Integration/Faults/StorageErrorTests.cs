using Confluent.Kafka;
using Millrace.Shared;

namespace Millrace.Integration.Faults;

/// <summary>The system refuses to store what the server gives it.</summary>
public sealed class StorageErrorTests
{
    private const int Afterwards = 5;
    private const int MostFlushesBefore = 50;
    private const int MostWrites = 2_000;

    /// <summary>
    /// After a flush has failed nothing is promised any more, in no partition: the system may have thrown away what it
    /// could not store, and call the next flush a success. In every second round it does call it so.
    /// </summary>
    [Fact]
    public async Task AfterAFailedFlushNothingIsAcknowledged()
    {
        var rounds = FaultRun.Rounds(shortForm: 2, fullForm: 10);
        await using var server = await MillraceServer.Start(Writers.Settings);
        using var writers = new Writers(server);
        var (round, failures) = (0, 0);
        await FaultRun.Each(rounds, async random =>
        {
            await writers.Write(10);
            var when = $"{random.Next(1, MostFlushesBefore)}{(round++ % 2 == 0 ? "" : "+")}";
            await using (var strace = await Strace.Attach(server, "fdatasync", "EIO", when))
            {
                await AssertEndsForGood(writers);
                failures += strace.Failures;
            }

            await Poll.Until(() => SaysWhich(server), () => $"the log does not name the directory: {server.Errors}");
            if (random.Next(2) == 0)
                await server.Kill();
            else
                await server.Terminate();
            await server.StartAgain();
            writers.Check();
        });
        await writers.Write(10);
        FaultRun.Report($"{rounds} disks that fail, {failures} flushes: {writers.Check()}");
    }

    /// <summary>
    /// The disk seems full for a while: writes are refused, reads go on, and writes go on afterwards.
    /// </summary>
    [Fact]
    public async Task WithoutRoomRecordsAreRefusedUntilThereIsSome()
    {
        var rounds = FaultRun.Rounds(shortForm: 2, fullForm: 20);
        await using var server = await MillraceServer.Start(Writers.Settings);
        using var writers = new Writers(server);
        var failures = 0;
        await FaultRun.Each(rounds, async random =>
        {
            await writers.Write(random.Next(1, 50));
            await using (var strace = await Strace.Attach(server, "pwrite64,fallocate", "ENOSPC", "1+"))
            {
                for (var i = 0; i < Afterwards; i++)
                {
                    Assert.All(
                        await writers.All(writer => writer.Write()),
                        error => Assert.Equal(ErrorCode.KafkaStorageError, error));
                }

                writers.Check();
                failures += strace.Failures;
            }

            await writers.AreServed();
            writers.Check();
        });
        await server.Kill();
        await server.StartAgain();
        FaultRun.Report($"{rounds} times without room, {failures} writes: {writers.Check()}");
    }

    /// <summary>
    /// What is sent once anybody was refused is refused too. What was sent before may still succeed meanwhile.
    /// </summary>
    private static async Task AssertEndsForGood(Writers writers)
    {
        var refused = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var first = await writers.All(async writer =>
        {
            var error = ErrorCode.NoError;
            for (var i = 0; error == ErrorCode.NoError && !refused.Task.IsCompleted; i++)
            {
                Assert.True(i < MostWrites, "flushes fail and nobody hears of it");
                error = await writer.Write();
            }

            if (error != ErrorCode.NoError)
                refused.TrySetResult();
            return error;
        });
        ErrorCode[] possible = [ErrorCode.NoError, ErrorCode.KafkaStorageError];
        Assert.All(first, error => Assert.Contains(error, possible));
        for (var i = 0; i < Afterwards; i++)
        {
            Assert.All(
                await writers.All(writer => writer.Write()),
                error => Assert.Equal(ErrorCode.KafkaStorageError, error));
        }
    }

    private static bool SaysWhich(MillraceServer server) => server.Errors.Split('\n').Any(
        line => line.Contains("is offline", StringComparison.Ordinal)
            && line.Contains(server.Data, StringComparison.Ordinal));
}
