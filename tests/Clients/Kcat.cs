using System.Text.Json;
using Millrace.Shared;

namespace Millrace.Clients;

/// <summary>kcat, as people use it on a command line.</summary>
[Trait(ClientTable.Client, "kcat")]
public sealed class Kcat(BrokerUnderTest broker)
{
    [Fact]
    public async Task ListsTheCluster()
    {
        var topic = await broker.CreateTopic(partitions: 3);
        var text = await Run("", "-L");
        Assert.Contains(" 1 brokers:", text);
        Assert.Contains($"topic \"{topic}\" with 3 partitions:", text);

        var json = JsonElement.Parse(await Run("", "-L", "-J", "-t", topic));
        Assert.Equal(broker.Bootstrap, json.GetProperty("brokers")[0].GetProperty("name").GetString());
        Assert.Equal(3, json.GetProperty("topics")[0].GetProperty("partitions").GetArrayLength());
    }

    [Theory]
    [InlineData("none")]
    [InlineData("gzip")]
    [InlineData("snappy")]
    [InlineData("lz4")]
    [InlineData("zstd")]
    [Trait(ClientTable.Feature, "produce")]
    [Trait(ClientTable.Feature, "consume")]
    public async Task ProducesAndConsumes(string codec)
    {
        var topic = await broker.CreateTopic();
        var lines = string.Concat(Enumerable.Range(0, 1_000).Select(i => $"key {i}:value {i}\n"));
        await Run(lines, "-P", "-t", topic, "-K:", "-H", "name=text", "-X", $"compression.codec={codec}");
        var consumed = await Run("", "-C", "-t", topic, "-o", "beginning", "-e", "-f", "%o %h %k:%s\n");
        var expected = Enumerable.Range(0, 1_000).Select(i => $"{i} name=text key {i}:value {i}\n");
        Assert.Equal(string.Concat(expected), consumed);
    }

    [Fact]
    public async Task ProducesTombstones()
    {
        var topic = await broker.CreateTopic();
        await Run("a:1\na:\n", "-P", "-t", topic, "-K:", "-Z");
        Assert.Equal("a 1\na -1\n", await Run("", "-C", "-t", topic, "-e", "-f", "%k %S\n"));
    }

    [Fact]
    public async Task ConsumesFromTheEndBackwards()
    {
        var topic = await Filled();
        Assert.Equal("8\n9\n", await Run("", "-C", "-t", topic, "-o", "-2", "-e"));
        Assert.Equal("3\n4\n", await Run("", "-C", "-t", topic, "-o", "3", "-c", "2"));
    }

    [Fact]
    public async Task AsksForOffsetsByTime()
    {
        var topic = await Filled();
        Assert.Equal($"{topic} [0] offset 0\n", await Run("", "-Q", "-t", $"{topic}:0:-2"));
        Assert.Equal($"{topic} [0] offset 10\n", await Run("", "-Q", "-t", $"{topic}:0:-1"));
        Assert.Equal($"{topic} [0] offset 0\n", await Run("", "-Q", "-t", $"{topic}:0:1"));
    }

    /// <summary>All that it is given is one transaction.</summary>
    [Fact]
    [Trait(ClientTable.Feature, "transactions")]
    public async Task WritesInATransaction()
    {
        var topic = await broker.CreateTopic();
        await Run("1\n2\n", "-P", "-t", topic, "-X", $"transactional.id={topic}");
        Assert.Equal(
            "1\n2\n", await Run("", "-C", "-t", topic, "-e", "-q", "-X", "isolation.level=read_committed"));
        Assert.Equal($"{topic} [0] offset 3\n", await Run("", "-Q", "-t", $"{topic}:0:-1"));
    }

    private async Task<string> Filled()
    {
        var topic = await broker.CreateTopic();
        await Run(string.Concat(Enumerable.Range(0, 10).Select(i => $"{i}\n")), "-P", "-t", topic);
        return topic;
    }

    private Task<string> Run(string input, params string[] arguments) =>
        ChildProcess.Run(input, "kcat", ["-b", broker.Bootstrap, .. arguments]);
}
