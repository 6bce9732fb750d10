using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Millrace.Unit.Tidy;

/// <summary>Each rule names what offends it in one file.</summary>
internal static partial class Rules
{
    private const int LongestFile = 800;
    private const int LongestLine = 120;
    private const int LongestFunction = 70;
    private const int MostParameters = 6;

    private static readonly string[] EmptyWords =
        ["Manager", "Helper", "Helpers", "Util", "Utils", "Impl", "Base", "Common", "Service", "Wrapper"];

    public static IEnumerable<string> LongFile(SourceFile file)
    {
        if (file.Lines.Length > LongestFile)
            yield return $"{file.Path} has {file.Lines.Length} lines";
    }

    public static IEnumerable<string> LongLines(SourceFile file) =>
        file.Lines.Index()
            .Where(line => line.Item.Length > LongestLine)
            .Select(line => $"{file.Path}:{line.Index + 1} has {line.Item.Length} columns");

    public static IEnumerable<string> LongFunctions(SourceFile file) =>
        file.Syntax.DescendantNodes()
            .Where(node => node is BaseMethodDeclarationSyntax
                or LocalFunctionStatementSyntax
                or AccessorDeclarationSyntax)
            .Select(node => (Node: node, Lines: LineCount(node)))
            .Where(function => function.Lines > LongestFunction)
            .Select(function => $"{file.At(function.Node)} is a function of {function.Lines} lines");

    /// <summary>A record's primary constructor is its list of fields and may be long.</summary>
    public static IEnumerable<string> LargeConstructors(SourceFile file)
    {
        var declared = file.Syntax.DescendantNodes().OfType<ConstructorDeclarationSyntax>()
            .Select(constructor => (Node: (SyntaxNode)constructor, Parameters: constructor.ParameterList));
        var primary = file.Types.OfType<TypeDeclarationSyntax>()
            .Where(type => type is not RecordDeclarationSyntax && type.ParameterList is not null)
            .Select(type => (Node: (SyntaxNode)type, Parameters: type.ParameterList!));
        return declared.Concat(primary)
            .Where(constructor => constructor.Parameters.Parameters.Count > MostParameters)
            .Select(constructor => $"{file.At(constructor.Node)} is a constructor of "
                + $"{constructor.Parameters.Parameters.Count} parameters");
    }

    public static IEnumerable<string> EmptyNames(SourceFile file) =>
        file.Types
            .Where(type => EmptyWords.Any(word => type.Identifier.Text.EndsWith(word, StringComparison.Ordinal)))
            .Select(type => $"{file.At(type)} is named {type.Identifier.Text}");

    public static IEnumerable<string> ForeignNamespace(SourceFile file)
    {
        var expected = Namespace(file.Folder);
        return file.Syntax.DescendantNodes().OfType<BaseNamespaceDeclarationSyntax>()
            .Where(space => space.Name.ToString() != expected)
            .Select(space => $"{file.At(space)} is in {space.Name}, not {expected}");
    }

    public static IEnumerable<string> Markers(SourceFile file) => Matches(file, Marker());

    public static IEnumerable<string> MachinePaths(SourceFile file) => Matches(file, MachinePath());

    public static IEnumerable<string> UncheckedFlush(SourceFile file) => Matches(file, Flush());

    public static IEnumerable<string> SwitchedOffBans(SourceFile file) =>
        file.Path.Contains("/Io/", StringComparison.Ordinal) ? [] : Matches(file, Ban());

    public static IEnumerable<string> Sleeps(SourceFile file) => Matches(file, Sleep());

    private static int LineCount(SyntaxNode node)
    {
        var span = node.SyntaxTree.GetLineSpan(node.Span);
        return span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
    }

    /// <summary>src/Core/Log -> Millrace.Core.Log; the executable's own folder is Millrace itself.</summary>
    private static string Namespace(string folder)
    {
        var parts = folder.Split('/').Skip(1).Where(part => part != "Millrace");
        return string.Join('.', parts.Prepend("Millrace"));
    }

    private static IEnumerable<string> Matches(SourceFile file, Regex regex) =>
        file.Lines.Index()
            .Where(line => regex.IsMatch(line.Item))
            .Select(line => $"{file.Path}:{line.Index + 1} says '{regex.Match(line.Item).Value}'");

    [GeneratedRegex(@"\b(TO[D]O|FIXM[E]|HAC[K]|NotImplementedExceptio[n])\b")]
    private static partial Regex Marker();

    [GeneratedRegex(@"(?<![\w.])/(root|work)/")]
    private static partial Regex MachinePath();

    [GeneratedRegex(@"FlushToDis[k]|\.Flush\((flushToDisk: )?true")]
    private static partial Regex Flush();

    [GeneratedRegex(@"#pragma warning disable.*RS003[0]|SuppressMessage.*RS003[0]")]
    private static partial Regex Ban();

    [GeneratedRegex(@"\bThread\.Slee[p]|\bTask\.Dela[y]")]
    private static partial Regex Sleep();
}
