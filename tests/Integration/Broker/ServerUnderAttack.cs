using System.Globalization;
using System.Text.RegularExpressions;
using Millrace.Shared;

namespace Millrace.Integration.Broker;

/// <summary>One server for all attacks, with a good client that must not notice them.</summary>
public sealed class ServerUnderAttack : IAsyncLifetime
{
    private const int WarmUp = 300;
    private const int AfterAttack = 30;
    private MillraceServer? _server;
    private GoodClient? _client;

    internal MillraceServer Server => _server ?? throw new InvalidOperationException("not started");

    internal int Port => Server.Port;

    internal string Bootstrap => Server.Bootstrap;

    public async ValueTask InitializeAsync()
    {
        _server = await MillraceServer.Start();
        _client = new GoodClient(_server.Bootstrap);
        await _client.Trips(WarmUp);
    }

    public async ValueTask DisposeAsync()
    {
        if (_client is not null)
            await _client.DisposeAsync();
        if (_server is null)
            return;
        Assert.Equal(0, await _server.Terminate());
        await _server.DisposeAsync();
    }

    /// <summary>
    /// Attacks; the good client goes on meanwhile and afterwards, and the server's memory never grew by more than so
    /// many megabytes over what it was before.
    /// </summary>
    internal async Task Withstands(Func<Task> attack, int megabytes = 64)
    {
        var before = Megabytes("VmRSS");
        await File.WriteAllTextAsync($"/proc/{Server.Process.Id}/clear_refs", "5"); // VmHWM starts anew
        await attack();
        await _client!.Trips(AfterAttack);
        var peak = Megabytes("VmHWM");
        TestContext.Current.TestOutputHelper?.WriteLine($"{before} MB before, at most {peak} MB");
        Assert.True(
            peak <= before + megabytes, $"the server took {before} MB before this attack and {peak} MB under it");
    }

    private int Megabytes(string field)
    {
        var status = File.ReadAllText($"/proc/{Server.Process.Id}/status");
        var kilobytes = Regex.Match(status, $@"^{field}:\s+(\d+) kB", RegexOptions.Multiline).Groups[1].Value;
        return int.Parse(kilobytes, CultureInfo.InvariantCulture) / 1024;
    }
}
