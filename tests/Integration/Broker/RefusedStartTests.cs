using System.Net;
using System.Net.Sockets;
using Millrace.Shared;

namespace Millrace.Integration.Broker;

/// <summary>A server that can't start ends with exit code 2 and says which setting is wrong and what to do.</summary>
public sealed class RefusedStartTests : IDisposable
{
    private const string Connector = """
        name=shop
        topic.prefix=shop
        database.hostname=127.0.0.1
        database.user=postgres
        database.dbname=shop
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("millrace-refused-");

    [Theory]
    [InlineData("num.partition=3", "num.partition=3: no such setting; the nearest is num.partitions")]
    [InlineData("num.partitions=many", "num.partitions=many:")]
    [InlineData("num.partitions=0", "num.partitions=0:")]
    [InlineData("num.partitions", "--set num.partitions: give it as key=value")]
    [InlineData("delete.topic.enable=yes", "delete.topic.enable=yes:")]
    [InlineData("advertised.listeners=nowhere", "advertised.listeners=nowhere:")]
    public Task ByASetting(string set, string message) => AssertRefuses(message, "--set", set);

    [Fact]
    public Task ByASettingInAFile() =>
        AssertRefuses("log.segment.bytes=-5:", "--config", Write("server.properties", "log.segment.bytes=-5\n"));

    [Fact]
    public Task ByAMissingFileOfSettings() =>
        AssertRefuses("nowhere.properties", "--config", Path.Combine(_folder.FullName, "nowhere.properties"));

    [Theory]
    [InlineData("--kafka", "nonsense")]
    [InlineData("--http", "127.0.0.1:99999")]
    public Task ByAnAddress(string option, string address) =>
        AssertRefuses($"{option} {address}: give it as HOST:PORT", option, address);

    [Fact]
    public Task ByAnUnknownOption() => AssertRefuses("--prot", "--prot", "9092");

    [Theory]
    [InlineData("snapshot.mode=never_ever", "snapshot.mode = 'never_ever': must be one of")]
    [InlineData("database.port=many", "database.port = 'many': must be a whole number")]
    [InlineData("table.include.list=a(b", "table.include.list = 'a(b': is not a list of regular expressions")]
    [InlineData("database.hostname=", "database.hostname: is required")]
    public Task ByAConnectorsProperty(string line, string message) =>
        AssertRefuses(message, "--connector", Write("shop.properties", $"{Connector}\n{line}\n"));

    [Fact]
    public Task ByAMissingConnector() =>
        AssertRefuses("nowhere.properties", "--connector", Path.Combine(_folder.FullName, "nowhere.properties"));

    [Fact]
    public Task ByAConnectorThatIsNoTextFile() => AssertRefuses(_folder.FullName, "--connector", _folder.FullName);

    [Fact]
    public Task ByADataDirectoryThatIsAFile()
    {
        var file = Write("data", "no directory");
        return AssertRefuses($"--data {file} is a file", "--data", file);
    }

    [Fact]
    public async Task ByASecondServerOnTheSameData()
    {
        await using var server = await MillraceServer.Start();
        await AssertRefuses(
            $"The data directory {server.Data} is in use by another process. Stop that one", "--data", server.Data);
        Assert.Equal(0, await Logs.Write(server.Bootstrap, "still-works", "value"));
    }

    [Fact]
    public async Task ByAnotherNodesData()
    {
        await using var server = await MillraceServer.Start();
        Assert.Equal(0, await server.Terminate());
        await AssertRefuses("belongs to node 1, and this is node 2", "--data", server.Data, "--set", "node.id=2");
    }

    [Theory]
    [InlineData("--kafka")]
    [InlineData("--http")]
    public async Task ByAPortInUse(string option)
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var address = taken.LocalEndpoint.ToString()!;
        await AssertRefuses($"{option} {address}: ", option, address);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>What is not said is right: a new data directory and free ports.</summary>
    private async Task AssertRefuses(string message, params string[] arguments)
    {
        string[] defaults =
        [
            "--data", Path.Combine(_folder.FullName, "unused"), "--kafka", "127.0.0.1:0", "--http", "127.0.0.1:0",
        ];
        var given = defaults.Chunk(2).Where(pair => !arguments.Contains(pair[0])).SelectMany(pair => pair);
        await using var process = MillraceServer.Run(["server", .. given, .. arguments]);
        using var deadline = ChildProcess.Deadline();
        var output = process.Output.ReadToEndAsync(deadline.Token);
        Assert.Equal(2, await process.Exit(deadline.Token));
        Assert.Contains(message, process.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", process.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("ready kafka=", await output, StringComparison.Ordinal);
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }
}
