using System.Globalization;
using Millrace.Generator;

namespace Millrace.Unit.Protocol;

/// <summary>Our specifications say, field by field, what Kafka's own schemas say; structure names are ours.</summary>
public sealed class Specifications
{
    private static readonly string Ours = Checkout.File("protocol");

    public static TheoryData<string> Files =>
        [.. Directory.GetFiles(Ours, "*.spec", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(path => Path.GetRelativePath(Ours, path))];

    [Theory]
    [MemberData(nameof(Files))]
    public void EqualKafkasSchemas(string file)
    {
        var schemas = Environment.GetEnvironmentVariable("KAFKA_SHARED") is { Length: > 0 } shared
            ? Path.Combine(shared, "kafka-protocol")
            : Checkout.File("..", "shared", "kafka-protocol");
        Assert.SkipUnless(Directory.Exists(schemas), $"no Kafka schemas: neither {schemas} nor KAFKA_SHARED exists");

        var spec = SpecParser.Parse(Path.Combine(Ours, file));
        foreach (var message in spec.Messages)
        {
            // Kafka has the schema of ZkMigrationStateRecord in ZkMigrationRecord.json.
            var schemaFile = message.Name.Replace("MigrationState", "Migration") + ".json";
            var path = Directory.GetFiles(schemas, schemaFile, SearchOption.AllDirectories);
            var schema = KafkaSchema.Parse(Assert.Single(path));
            Assert.Equal(schema.Versions, message.Versions);
            Assert.Equal(schema.FirstFlexible, message.FirstFlexible);
            if (spec.ApiKey is { } key)
            {
                Assert.Equal(schema.ApiKey, key);
                Assert.Equal($"{key:00}-{spec.Name}.spec", Path.GetFileName(file));
            }

            AssertSame(message, schema.Fields, message.Fields, message.Name);
        }
    }

    [Fact]
    public void GeneratedCodeIsFresh()
    {
        var folder = Checkout.File("src", "Protocol", "Messages", "Generated");
        var fresh = Generator.Program.Generate(Ours);
        var present = Directory.GetFiles(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);
        Assert.Equal(fresh.Keys, present);
        foreach (var (name, text) in fresh)
            Assert.True(File.ReadAllText(Path.Combine(folder, name)) == text, $"{name} is stale: run ./dev gen");
    }

    private static void AssertSame(Message message, List<Field> expected, List<Field> actual, string path)
    {
        Assert.Equal(expected.Select(field => $"{path}.{field.Name}"), actual.Select(field => $"{path}.{field.Name}"));
        foreach (var (wanted, field) in expected.Zip(actual))
        {
            var where = $"{path}.{field.Name}";
            Assert.Equal(Describe(where, wanted), Describe(where, field));
            if (field.IsStruct)
                AssertSame(message, wanted.Children, ChildrenOf(message, field), where);
        }
    }

    private static List<Field> ChildrenOf(Message message, Field field) =>
        field.Children.Count > 0
            ? field.Children
            : [.. message.SharedStructs.Single(part => part.Name == field.Type).Fields
                .Where(child => Overlap(child.Versions, field.Versions))
                .Select(child => child with
                {
                    Versions = Clip(child.Versions, field.Versions),
                    Nullable = child.Nullable is { } range ? Clip(range, field.Versions) : null,
                })];

    private static string Describe(string where, Field field) =>
        $"{where} {(field.IsArray ? "[]" : "")}{(field.IsStruct ? "structure" : field.Type)} versions {field.Versions} "
        + $"nullable {field.Nullable} tag {field.Tag} default {Default(field)}";

    /// <summary>One text for equal defaults: no default is the type's zero, numbers may be hexadecimal.</summary>
    private static string Default(Field field) => field switch
    {
        { Default: null or "" or "0" or "false" } => "zero",
        { Default: "null" } => "null",
        { Default: "true" } => "true",
        _ when field.Default.StartsWith("0x", StringComparison.Ordinal) =>
            $"{long.Parse(field.Default.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)}",
        _ => field.Default,
    };

    private static bool Overlap(Versions a, Versions b) => a.Low <= b.High && b.Low <= a.High;

    private static Versions Clip(Versions a, Versions b) => new(Math.Max(a.Low, b.Low), Math.Min(a.High, b.High));
}
