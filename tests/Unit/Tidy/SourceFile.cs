using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Millrace.Unit.Tidy;

/// <summary>One text of the checkout; <paramref name="Path"/> is relative to its root, with '/'.</summary>
internal sealed record SourceFile(string Path, string Text)
{
    private static readonly string[] Skipped = ["bin", "obj", "node_modules", "TestResults"];
    private static readonly string[] TextEndings =
    [
        ".cs", ".csproj", ".props", ".targets", ".slnx", ".json", ".md", ".spec", ".js", ".py", ".java", ".sh", ".txt",
        ".sql", ".yml", "",
    ];

    private static readonly Lazy<List<SourceFile>> Found = new(() => [.. Below(Checkout.Root)]);

    private SyntaxNode? _syntax;

    /// <summary>Every text that is not a build's result.</summary>
    public static IReadOnlyList<SourceFile> All => Found.Value;

    /// <summary>C# written by hand.</summary>
    public static IEnumerable<SourceFile> Code => All.Where(file => file.IsCode && !file.IsGenerated);

    public bool IsCode => Path.EndsWith(".cs", StringComparison.Ordinal);

    public bool IsGenerated => Path.Contains("/Generated/", StringComparison.Ordinal);

    public string Folder => System.IO.Path.GetDirectoryName(Path)!;

    public string[] Lines => Text.TrimEnd('\n').Split('\n');

    public SyntaxNode Syntax => _syntax ??= CSharpSyntaxTree.ParseText(Text).GetRoot();

    public IEnumerable<BaseTypeDeclarationSyntax> Types => Syntax.DescendantNodes().OfType<BaseTypeDeclarationSyntax>();

    /// <summary>File and line of <paramref name="node"/>.</summary>
    public string At(SyntaxNode node) => $"{Path}:{node.GetLocation().GetLineSpan().StartLinePosition.Line + 1}";

    private static IEnumerable<SourceFile> Below(string folder)
    {
        var texts = Directory.GetFiles(folder)
            .Where(path => TextEndings.Contains(System.IO.Path.GetExtension(path)));
        foreach (var path in texts)
            yield return new SourceFile(System.IO.Path.GetRelativePath(Checkout.Root, path), File.ReadAllText(path));
        foreach (var inner in Directory.GetDirectories(folder))
        {
            var name = System.IO.Path.GetFileName(inner);
            if (Skipped.Contains(name) || name == ".git")
                continue;
            foreach (var file in Below(inner))
                yield return file;
        }
    }
}
