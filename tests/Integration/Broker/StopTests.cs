using Millrace.Shared;

namespace Millrace.Integration.Broker;

/// <summary>What a server finds on its disk after it was stopped in order, or died and left a damaged log.</summary>
public sealed class StopTests
{
    private const string Topic = "letters";
    private static readonly string[] Letters = [.. "abcdefghij".Select(letter => $"value {letter}")];

    public static TheoryData<string> Damages => [.. Damage.Keys];

    private static Dictionary<string, Action<FileStream>> Damage { get; } = new()
    {
        ["last byte missing"] = file => file.SetLength(file.Length - 1),
        ["records missing"] = file => file.SetLength(file.Length - 10),
        ["all but the length missing"] = file => file.SetLength(StartOfLast(file) + 12),
        ["half a length"] = file => file.SetLength(StartOfLast(file) + 10),
        ["a record byte garbled"] = file => Garble(file, file.Length - 3),
        ["checksum garbled"] = file => Garble(file, StartOfLast(file) + 17),
        ["length garbled"] = file => Garble(file, StartOfLast(file) + 9),
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task AfterADeathTheLogEndsAtItsLastWholeBatch(string damage)
    {
        await using var server = await MillraceServer.Start();
        await Logs.Write(server.Bootstrap, Topic, Letters);
        await server.Kill();
        using (var log = OpenLog(server))
            Damage[damage](log);
        await server.StartAgain();
        Assert.Equal(Letters[..^1], Logs.Values(server.Bootstrap, Topic));
        Assert.Equal(9, await Logs.Write(server.Bootstrap, Topic, "again"));
        await server.Kill();
        await server.StartAgain();
        Assert.Equal([.. Letters[..^1], "again"], Logs.Values(server.Bootstrap, Topic));
    }

    [Theory]
    [InlineData(0, 4096)]
    [InlineData(0xff, 100)]
    [InlineData(0x7f, 5)]
    public async Task AfterADeathWhatFollowsTheLastBatchIsCutOff(byte filling, int count)
    {
        await using var server = await MillraceServer.Start();
        await Logs.Write(server.Bootstrap, Topic, Letters);
        await server.Kill();
        using (var log = OpenLog(server))
        {
            log.Seek(0, SeekOrigin.End);
            log.Write([.. Enumerable.Repeat(filling, count)]);
        }

        await server.StartAgain();
        Assert.Equal(10, await Logs.Write(server.Bootstrap, Topic, "again"));
        Assert.Equal([.. Letters, "again"], Logs.Values(server.Bootstrap, Topic));
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

    private static FileStream OpenLog(MillraceServer server) => File.Open(
        Path.Combine(server.Data, $"{Topic}-0", "00000000000000000000.log"), FileMode.Open, FileAccess.ReadWrite);

    /// <summary>All batches are of the same size.</summary>
    private static long StartOfLast(FileStream file) => file.Length / Letters.Length * (Letters.Length - 1);

    private static void Garble(FileStream file, long position)
    {
        file.Position = position;
        var value = file.ReadByte();
        file.Position = position;
        file.WriteByte((byte)(value ^ 0x55));
    }
}
