using System.Text.Json;

namespace Millrace.Integration.Connect;

/// <summary>
/// Replays the cases recorded from Debezium and compares topic by topic, record by record: keys, values, headers,
/// order, and the schemas. Where we differ on purpose is said in <see cref="DeliberateDifferences"/>.
/// </summary>
public sealed class GoldenTests(Servers servers)
{
    public static TheoryData<string> Cases => [.. GoldenCase.Names()];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task WritesWhatDebeziumWrites(string name)
    {
        servers.Require();
        Assert.SkipWhen(DeliberateDifferences.Skipped.TryGetValue(name, out var reason), reason ?? "");
        var golden = new GoldenCase(name);
        var written = await new GoldenRun(servers, golden).RunAsync();
        var expected = DeliberateDifferences.Expected(golden.Events());
        Assert.Equal(expected.Select(e => e.Topic).Distinct(), written.Select(e => e.Topic).Distinct());
        foreach (var topic in expected.Select(e => e.Topic).Distinct())
        {
            var theirs = expected.Where(e => e.Topic == topic).ToList();
            var ours = written.Where(e => e.Topic == topic).ToList();
            for (var i = 0; i < Math.Min(theirs.Count, ours.Count); i++)
                Compare(golden, theirs[i], ours[i]);
            Assert.Equal(theirs.Count, ours.Count);
            if (golden.HasSchemas && DeliberateDifferences.ComparesSchemas(name))
                CompareSchemas(golden, topic, ours);
        }
    }

    private static void Compare(GoldenCase golden, TopicRecord theirs, TopicRecord ours)
    {
        Assert.Equal(DeliberateDifferences.Key(golden.Name, GoldenCase.Stable(theirs.Key)),
            DeliberateDifferences.Key(golden.Name, GoldenCase.Stable(Payload(golden, ours.Key))));
        Assert.Equal(DeliberateDifferences.Value(golden.Name, GoldenCase.Stable(theirs.Value)),
            DeliberateDifferences.Value(golden.Name, GoldenCase.Stable(Payload(golden, ours.Value))));
        Assert.Equal(Headers(theirs), Headers(ours));
    }

    private static void CompareSchemas(GoldenCase golden, string topic, List<TopicRecord> ours)
    {
        var keys = ours.Where(r => r.Key is not null).Select(r => Part(r.Key!, "schema")).Distinct();
        var values = ours.Where(r => r.Value is not null).Select(r => Part(r.Value!, "schema")).Distinct();
        Assert.Equal(golden.Schemas(topic, "key").Distinct(), keys);
        Assert.Equal(golden.Schemas(topic, "value").Select(s => DeliberateDifferences.Schema(golden.Name, s))
            .Distinct(), values.Select(s => DeliberateDifferences.Schema(golden.Name, s)).Distinct());
    }

    private static IEnumerable<string> Headers(TopicRecord record) => record.Headers.Select(h =>
        h.Name == "__debezium.context.runId" ? h.Name : $"{h.Name}={h.Value}");

    private static string? Payload(GoldenCase golden, string? message) =>
        message is null || golden.IsWholeMessage ? message : Part(message, "payload");

    private static string Part(string message, string part)
    {
        using var document = JsonDocument.Parse(message);
        return document.RootElement.GetProperty(part).GetRawText();
    }
}
