using Millrace.Shared;

namespace Millrace.Integration.Broker;

/// <summary>What a server finds on its disk after it was stopped in order, or died and left a damaged log.</summary>
public sealed class StopTests
{
    private static readonly string[] Letters = [.. "abcdefghij".Select(letter => $"value {letter}")];

    /// <summary>What makes the last batch useless; each is done to a topic of that name.</summary>
    private static readonly Dictionary<string, Action<FileStream>> Damage = new()
    {
        ["last-byte-missing"] = file => file.SetLength(file.Length - 1),
        ["records-missing"] = file => file.SetLength(file.Length - 10),
        ["all-but-the-length-missing"] = file => file.SetLength(StartOfLast(file) + 12),
        ["half-a-length"] = file => file.SetLength(StartOfLast(file) + 10),
        ["record-garbled"] = file => Garble(file, file.Length - 3),
        ["checksum-garbled"] = file => Garble(file, StartOfLast(file) + 17),
        ["length-garbled"] = file => Garble(file, StartOfLast(file) + 9),
        ["all-zero"] = file => Overwrite(file, StartOfLast(file), new byte[StartOfLast(file) / (Letters.Length - 1)]),
    };

    /// <summary>What may stand behind a last batch that is good.</summary>
    private static readonly Dictionary<string, byte[]> Remains = new()
    {
        ["zeros"] = new byte[4096],
        ["ones"] = [.. Enumerable.Repeat((byte)0xff, 100)],
        ["few-bytes"] = [1, 2, 3],
    };

    [Fact]
    public async Task AfterADeathEachLogEndsAtItsLastWholeBatch()
    {
        await using var server = await MillraceServer.Start();
        string[] topics = [.. Damage.Keys, .. Remains.Keys];
        await Logs.Write(server.Bootstrap, topics, Letters);
        await server.Kill();
        foreach (var (topic, damage) in Damage)
        {
            using var log = OpenLog(server, topic);
            damage(log);
        }

        foreach (var (topic, bytes) in Remains)
        {
            using var log = OpenLog(server, topic);
            Overwrite(log, log.Length, bytes);
        }

        await server.StartAgain();
        var left = topics.Select(topic => Remains.ContainsKey(topic) ? Letters : Letters[..^1]).ToList();
        Assert.Equal(left, Logs.Values(server.Bootstrap, topics));
        var offsets = await Logs.Write(server.Bootstrap, topics, ["again"]);
        Assert.Equal(left.Select(values => (long)values.Length), offsets);
        await server.Kill();
        await server.StartAgain();
        Assert.Equal(left.Select(values => values.Append("again")), Logs.Values(server.Bootstrap, topics));
    }

    [Fact]
    public async Task InOrderItEndsWithZeroAndStartsWithWhatItHad()
    {
        await using var server = await MillraceServer.Start("--set", "num.partitions=4");
        await using var group = new CommittingGroup(server.Bootstrap, "counted", partitions: 4);
        using var producer = new CountingProducer(server.Bootstrap, "counted", partitions: 4, number: 0);
        for (var round = 0; round < 3; round++)
        {
            var (enough, commits) = (producer.Acknowledged + 1_000, group.Commits + 1);
            await Poll.Until(
                () => producer.Acknowledged > enough && group.Commits > commits,
                () => $"{producer}, {group}\n{server.Errors}");
            Assert.Equal(0, await server.Terminate());
            Assert.EndsWith("stopping\n", server.Errors, StringComparison.Ordinal);
            Assert.True(File.Exists(Path.Combine(server.Data, ".kafka_cleanshutdown")));
            var committed = group.Acknowledged;
            await server.StartAgain();
            group.AssertHasNotGoneBack(committed);
        }

        await producer.Finish();
        var written = Logs.Read(server.Bootstrap, "counted", 4);
        Assert.All(written.Index(), partition => Assert.Equal(
            producer.Offsets(partition.Index), partition.Item.Select(record => record.Offset.Value)));
    }

    private static FileStream OpenLog(MillraceServer server, string topic) => File.Open(
        Path.Combine(server.Data, $"{topic}-0", "00000000000000000000.log"), FileMode.Open, FileAccess.ReadWrite);

    /// <summary>All batches are of the same size.</summary>
    private static long StartOfLast(FileStream file) => file.Length / Letters.Length * (Letters.Length - 1);

    private static void Garble(FileStream file, long position)
    {
        file.Position = position;
        Overwrite(file, position, [(byte)(file.ReadByte() ^ 0x55)]);
    }

    private static void Overwrite(FileStream file, long position, byte[] bytes)
    {
        file.Position = position;
        file.Write(bytes);
    }
}
