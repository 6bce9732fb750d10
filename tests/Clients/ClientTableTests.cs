using System.Text.Json;
using Millrace.Shared;

namespace Millrace.Clients;

/// <summary>
/// The table of clients in docs/compatibility.md. MILLRACE_CLIENT_RESULTS names a run's XML to write it from.
/// </summary>
public sealed class ClientTableTests
{
    [Fact]
    public async Task HasACellForEachPairThatTestsHave()
    {
        if (Environment.GetEnvironmentVariable("MILLRACE_CLIENT_RESULTS") is { Length: > 0 } results)
            await ClientTable.Write(ClientTable.Passed(results));
        Assert.Equal((await Tested()).Order(), ClientTable.Documented().Order());
    }

    private static async Task<HashSet<(string Client, string Feature)>> Tested()
    {
        var listed = await ChildProcess.Run(
            "", Environment.ProcessPath!, "-list", "full/json", "-preEnumerateTheories");
        using var tests = JsonDocument.Parse(listed[listed.IndexOf('[')..]);
        return
        [
            .. tests.RootElement.EnumerateArray().Where(test => test.TryGetProperty("Traits", out _)).SelectMany(test =>
                ClientTable.Pairs(Values(test, ClientTable.Client), Values(test, ClientTable.Feature))),
        ];
    }

    private static IEnumerable<string> Values(JsonElement test, string trait) =>
        test.GetProperty("Traits").TryGetProperty(trait, out var values)
            ? values.EnumerateArray().Select(value => value.GetString()!)
            : [];
}
