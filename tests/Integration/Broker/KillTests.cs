using Millrace.Shared;

namespace Millrace.Integration.Broker;

/// <summary>
/// kill -9 of the server while eight idempotent producers with acks=all write and a consumer group reads and commits:
/// what was acknowledged is there once, at the offset that was told, and committed offsets never go back.
/// MILLRACE_KILLS sets how often.
/// </summary>
public sealed class KillTests
{
    private const string Topic = "killed";
    private const int Producers = 8;
    private const int Partitions = 4;

    private static int Kills { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("MILLRACE_KILLS"), out var kills) ? kills : 5;

    [Fact]
    public async Task LoseNothingAndRepeatNothing()
    {
        await using var server = await MillraceServer.Start("--set", $"num.partitions={Partitions}");
        await using var group = new CommittingGroup(server.Bootstrap, Topic, Partitions);
        var random = new Random(1);
        var producers = Enumerable.Range(0, Producers)
            .Select(number => new CountingProducer(server.Bootstrap, Topic, Partitions, number)).ToList();
        try
        {
            for (var kill = 0; kill < Kills; kill++)
            {
                var enough = producers.Sum(producer => producer.Acknowledged) + random.Next(500, 4_000);
                var commits = group.Commits;
                await Poll.Until(
                    () => producers.Sum(producer => producer.Acknowledged) >= enough && group.Commits > commits + 1,
                    () => $"kill {kill}: {string.Join(", ", producers)}, {group}\n{server.Errors}");
                await server.Kill();
                var committed = group.Acknowledged;
                await server.StartAgain();
                group.AssertHasNotGoneBack(committed);
            }

            await Task.WhenAll(producers.Select(producer => producer.Finish()));
            AssertIsWhatWasAcknowledged(server.Bootstrap, producers);
        }
        finally
        {
            producers.ForEach(producer => producer.Dispose());
        }
    }

    private static void AssertIsWhatWasAcknowledged(string bootstrap, List<CountingProducer> producers)
    {
        var written = Logs.Read(bootstrap, Topic, Partitions);
        Assert.Equal(producers.Sum(producer => producer.Acknowledged), written.Sum(partition => partition.Count));
        for (var partition = 0; partition < Partitions; partition++)
        {
            var records = written[partition];
            Assert.Equal(Enumerable.Range(0, records.Count), records.Select(record => (int)record.Offset.Value));
            foreach (var producer in producers)
            {
                var theirs = records.Where(record => record.Message.Key == producer.Key);
                Assert.Equal(
                    producer.Offsets(partition).Select((offset, i) => $"{i} at {offset}"),
                    theirs.Select(record => $"{record.Message.Value} at {record.Offset}"));
            }
        }
    }
}
