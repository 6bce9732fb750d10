using System.Globalization;
using System.Text.Json;
using Millrace.Shared;

namespace Millrace.Integration.Broker;

/// <summary><c>millrace bench</c> as a program, against a server.</summary>
public sealed class BenchTests
{
    private const int MostSeconds = 16;

    private static readonly string[] Brief = ["--warm-up", "0.2", "--limit-seconds", "0.1", "-o", "json"];

    [Theory]
    [InlineData("produce --connections 2 --partitions 2", "ack")]
    [InlineData("produce --acks all --idempotent -z lz4 --keyed", "ack")]
    [InlineData("produce --acks all --transaction 10", "ack")]
    [InlineData("produce --acks all --client librdkafka", "ack")]
    [InlineData("fetch --fill 4MiB --fetch-size 256KiB --check-crc", "fetch")]
    public async Task Measures_a_server(string arguments, string latency)
    {
        await using var server = await MillraceServer.Start();

        using var report = await BenchUntilAnswered(
            [.. arguments.Split(' '), "--bootstrap", server.Bootstrap, "--pid",
                server.Process.Id.ToString(CultureInfo.InvariantCulture)]);

        var root = report.RootElement;
        Assert.Equal(arguments.Split(' ')[0], root.GetProperty("bench").GetString());
        Assert.InRange(root.GetProperty("figures").GetProperty("seconds").GetDouble(), 1, MostSeconds);
        foreach (var figure in new[] { "megabytesPerSecond", "recordsPerSecond", "records", "bytes" })
            Positive(root.GetProperty("figures"), figure);
        foreach (var percentile in new[] { "p50", "p99", "p999", "max", "count" })
            Positive(root.GetProperty("latencyMicros").GetProperty(latency), percentile);
        Positive(root.GetProperty("broker"), "cpuSecondsPerGb");
        Positive(root.GetProperty("broker"), "rssBytes");
        Positive(root.GetProperty("client"), "cpuCores");
        Positive(root.GetProperty("limits"), "loopbackMegabytesPerSecond");
        Positive(root.GetProperty("limits").GetProperty("pingMicros"), "p50");
        Positive(root.GetProperty("limits"), "nullBrokerMegabytesPerSecond");
        Assert.Equal(latency == "ack", root.GetProperty("limits").TryGetProperty("fdatasyncMicros", out _));
        Positive(root.GetProperty("shares"), "ofNullBroker");
        Assert.Equal(0, await server.Terminate());
    }

    [Fact]
    public async Task Measures_end_to_end_at_a_fixed_rate()
    {
        await using var server = await MillraceServer.Start();

        using var report = await Bench("e2e", "--rate", "200", "--seconds", "1", "--bootstrap", server.Bootstrap);

        var root = report.RootElement;
        Assert.InRange(root.GetProperty("figures").GetProperty("records").GetInt64(), 199, 201);
        foreach (var latency in new[] { "endToEnd", "ack", "sentLate" })
            Positive(root.GetProperty("latencyMicros").GetProperty(latency), "p50");
        Assert.Equal(
            root.GetProperty("figures").GetProperty("records").GetInt64(),
            root.GetProperty("latencyMicros").GetProperty("endToEnd").GetProperty("count").GetInt64());
        Assert.Equal(0, await server.Terminate());
    }

    [Theory]
    [InlineData("produce --connections 0", 2)]
    [InlineData("produce --frobnicate", 2)]
    [InlineData("produce --idempotent", 2)]
    [InlineData("produce --bootstrap 127.0.0.1:1", 1)]
    public async Task What_is_wrong_is_told_in_one_line(string arguments, int exitCode)
    {
        await using var program = MillraceServer.Run(["bench", .. arguments.Split(' ')]);
        using var deadline = ChildProcess.Deadline();

        await program.Output.ReadToEndAsync(deadline.Token);

        Assert.Equal(exitCode, await program.Exit(deadline.Token));
        Assert.Single(program.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>A busy machine may answer nothing in a second: the program says so, and is given more.</summary>
    private static async Task<JsonDocument> BenchUntilAnswered(string[] arguments)
    {
        for (var seconds = 1; ; seconds *= 2)
        {
            await using var program = MillraceServer.Run(["bench", .. arguments, "--seconds", $"{seconds}", .. Brief]);
            using var deadline = ChildProcess.Deadline();
            var output = await program.Output.ReadToEndAsync(deadline.Token);
            if (await program.Exit(deadline.Token) == 0)
                return JsonDocument.Parse(output);
            Assert.True(
                seconds < MostSeconds && program.Errors.Contains("--seconds more", StringComparison.Ordinal),
                program.Errors);
        }
    }

    private static async Task<JsonDocument> Bench(params IEnumerable<string> arguments)
    {
        await using var program = MillraceServer.Run(["bench", .. arguments, .. Brief]);
        using var deadline = ChildProcess.Deadline();
        var output = await program.Output.ReadToEndAsync(deadline.Token);
        Assert.True(await program.Exit(deadline.Token) == 0, program.Errors);
        return JsonDocument.Parse(output);
    }

    private static void Positive(JsonElement element, string name) =>
        Assert.True(element.GetProperty(name).GetDouble() > 0, $"{name} is {element.GetProperty(name)}");
}
