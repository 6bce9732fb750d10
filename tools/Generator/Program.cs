namespace Millrace.Generator;

/// <summary>protocol/**/*.spec -> src/Protocol/Messages/Generated/*.g.cs.</summary>
public static class Program
{
    public static int Main(string[] arguments)
    {
        if (arguments is not [var root])
        {
            Console.Error.WriteLine("usage: Generator ROOT   (the folder that holds protocol/ and src/)");
            return 2;
        }

        var target = Path.Combine(root, "src/Protocol/Messages/Generated");
        Directory.CreateDirectory(target);
        var files = Generate(Path.Combine(root, "protocol"));
        foreach (var stale in Directory.GetFiles(target).Where(path => !files.ContainsKey(Path.GetFileName(path))))
            File.Delete(stale);
        foreach (var (name, text) in files)
            File.WriteAllText(Path.Combine(target, name), text);
        return 0;
    }

    /// <summary>File name to text, for every specification below <paramref name="protocol"/>.</summary>
    public static SortedDictionary<string, string> Generate(string protocol)
    {
        var specs = Directory.GetFiles(protocol, "*.spec", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .Select(SpecParser.Parse)
            .ToList();
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["ApiKey.g.cs"] = ApiTable.Emit(specs),
        };
        foreach (var spec in specs)
            files.Add($"{spec.Name}.g.cs", Emitter.Emit(spec));
        return files;
    }
}
