using System.Xml.Linq;

namespace Millrace.Unit.Tidy;

/// <summary>Who may reference whom, and which packages are quarantined where.</summary>
public sealed class Projects
{
    private static readonly string[] DeterministicRooms = ["Protocol", "Core", "Broker"];

    private static readonly Dictionary<string, (string[] Projects, string[] Packages)> Allowed = new()
    {
        ["Protocol"] = ([], ["K4os.Compression.LZ4.Streams", "Snappier", "ZstdSharp.Port"]),
        ["Core"] = (["Protocol"], []),
        ["Broker"] = (["Core", "Protocol"], ["DotNext.Net.Cluster"]),
        ["Schemas"] = (["Protocol"], []),
        ["Connect"] = (["Schemas", "Protocol"], ["Confluent.Kafka", "Npgsql"]),
        ["Streams"] = (["Schemas", "Protocol"], ["Confluent.Kafka"]),
        ["Web"] = (["Broker", "Schemas", "Connect", "Streams"], []),
        ["Millrace"] = (
            ["Protocol", "Core", "Broker", "Schemas", "Connect", "Streams", "Web"],
            ["HdrHistogram", "Spectre.Console", "System.CommandLine"]),
        ["Testing"] = (["Broker"], []),
    };

    public static TheoryData<string> Rooms =>
        [.. Directory.GetDirectories(Checkout.File("src")).Select(folder => Path.GetFileName(folder))
            .Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Rooms))]
    public void ReferenceOnlyWhatTheyMay(string room)
    {
        var (projects, packages) = Allowed[room];
        var referenced = References(room, "ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path));
        Assert.Empty(referenced.Except(projects));
        Assert.Empty(References(room, "PackageReference").Except(packages));
        Assert.Empty(References(room, "FrameworkReference").Except(room == "Web" ? ["Microsoft.AspNetCore.App"] : []));
    }

    [Fact]
    public void OnlyTheBannedSymbolsAnalyserComesToEveryRoom()
    {
        var everywhere = new[] { "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props" }
            .SelectMany(file => Items(XDocument.Load(Checkout.File(file)), "PackageReference"));
        Assert.Equal(["Microsoft.CodeAnalysis.BannedApiAnalyzers"], everywhere);
    }

    [Fact]
    public void DeterministicRoomsBanTheOperatingSystem()
    {
        var targets = XDocument.Load(Checkout.File("Directory.Build.targets"));
        Assert.Equal(["$(MSBuildThisFileDirectory)BannedSymbols.txt"], Items(targets, "AdditionalFiles"));
        foreach (var room in DeterministicRooms)
            Assert.Equal("true", Project(room).Descendants("DeterministicRoom").Single().Value);

        string[] expected =
        [
            "[*.cs] dotnet_diagnostic.RS0030.severity = error",
            "[src/{Protocol,Core,Broker}/Io/**.cs] dotnet_diagnostic.RS0030.severity = none",
        ];
        Assert.Equal(expected, EditorConfig().Where(line => line.Contains("RS0030", StringComparison.Ordinal)));
    }

    /// <summary>The settings of .editorconfig, each behind its section.</summary>
    private static IEnumerable<string> EditorConfig()
    {
        var section = "";
        foreach (var line in File.ReadAllLines(Checkout.File(".editorconfig")))
        {
            if (line.StartsWith('['))
                section = line;
            else
                yield return $"{section} {line}";
        }
    }

    private static IEnumerable<string> References(string room, string kind) => Items(Project(room), kind);

    private static XDocument Project(string room) => XDocument.Load(Checkout.File("src", room, room + ".csproj"));

    private static IEnumerable<string> Items(XDocument document, string kind) =>
        document.Descendants(kind).Select(item => item.Attribute("Include")!.Value);
}
