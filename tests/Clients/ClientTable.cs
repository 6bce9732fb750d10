using System.Text.RegularExpressions;
using System.Xml.Linq;
using Confluent.Kafka;
using Millrace.Shared;

namespace Millrace.Clients;

/// <summary>
/// Which client does what, as the tests' traits <c>client</c> and <c>feature</c> say: a cell of the table in
/// docs/compatibility.md for each pair. <c>./dev clients</c> runs the tests and writes it with the versions that
/// passed.
/// </summary>
internal static partial class ClientTable
{
    public const string Client = "client";
    public const string Feature = "feature";
    public const string ConfluentKafka = "Confluent.Kafka";
    public const string KafkasTools = "Kafka's tools";
    public const string KafkaStreams = "Kafka Streams";

    private const string None = "-";

    private static readonly string[] Clients =
        [ConfluentKafka, "kcat", .. ClientProgram.Languages, KafkasTools, KafkaStreams];

    private static readonly string[] Features =
    [
        "produce", "consume", "classic group", "consumer group", "transactions", "share group", "streams group",
        "admin",
    ];

    private static string Document => Checkout.File("docs", "compatibility.md");

    /// <summary>The pairs that tests have, where they are in the documents.</summary>
    public static HashSet<(string Client, string Feature)> Documented() =>
    [
        .. Lines().Matches(File.ReadAllText(Document)).SelectMany(line =>
        {
            var cells = line.Groups[1].Value.Split('|', StringSplitOptions.TrimEntries);
            return Features.Zip(cells[1..]).Where(cell => cell.Second != None).Select(cell => (cells[0], cell.First));
        }).Where(cell => Clients.Contains(cell.Item1)),
    ];

    /// <summary>The pairs of a test's traits.</summary>
    public static IEnumerable<(string Client, string Feature)> Pairs(
        IEnumerable<string> clients, IEnumerable<string> features) =>
        from client in clients from feature in features select (client, feature);

    /// <summary>
    /// The pairs that passed in a run, from xunit's XML. Each test that has one must have passed.
    /// </summary>
    public static HashSet<(string Client, string Feature)> Passed(string results)
    {
        var passed = new HashSet<(string, string)>();
        foreach (var test in XDocument.Load(results).Descendants("test"))
        {
            var traits = test.Descendants("trait")
                .ToLookup(trait => trait.Attribute("name")!.Value, trait => trait.Attribute("value")!.Value);
            foreach (var pair in Pairs(traits[Client], traits[Feature]))
            {
                Assert.True(test.Attribute("result")!.Value == "Pass", $"{test.Attribute("name")} did not pass");
                passed.Add(pair);
            }
        }

        return passed;
    }

    public static async Task Write(HashSet<(string Client, string Feature)> cells)
    {
        Assert.Empty(cells.Except(Pairs(Clients, Features)));
        var table = "A cell is the version of the client whose tests passed; `-` is what it has not or what no test "
            + "asks of it.\nMade by `./dev clients`.\n\n"
            + $"| Client | {string.Join(" | ", Features)} |\n|{string.Concat(Features.Select(_ => "---|"))}---|\n";
        foreach (var client in Clients)
        {
            var version = await Version(client);
            var row = Features.Select(feature => cells.Contains((client, feature)) ? version : None);
            table += $"| {client} | {string.Join(" | ", row)} |\n";
        }

        var text = await File.ReadAllTextAsync(Document);
        await File.WriteAllTextAsync(Document, Table().Replace(text, table.Replace("$", "$$")));
    }

    private static async Task<string> Version(string client) => client switch
    {
        ConfluentKafka => typeof(IConsumer<,>).Assembly.GetName().Version!.ToString(3),
        "kcat" => KcatVersion().Match(await ChildProcess.Run("", "kcat", "-V")).Groups[1].Value,
        KafkasTools or KafkaStreams => await ClientProgram.Of(ClientProgram.Java).Version(),
        _ => await ClientProgram.Of(client).Version(),
    };

    [GeneratedRegex(@"^\| (.+) \|$", RegexOptions.Multiline)]
    private static partial Regex Lines();

    [GeneratedRegex(@"(?<=## Clients that the tests run, unmodified\n).*?(?=\n## )", RegexOptions.Singleline)]
    private static partial Regex Table();

    [GeneratedRegex(@"Version (\S+)")]
    private static partial Regex KcatVersion();
}
