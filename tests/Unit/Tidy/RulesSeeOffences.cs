namespace Millrace.Unit.Tidy;

/// <summary>Each rule finds an offence that was planted for it, and passes the harmless neighbour.</summary>
public sealed class RulesSeeOffences
{
    private static readonly string Filler = string.Concat(Enumerable.Repeat("    ;\n", 70));

    [Fact]
    public void LongFile() => AssertSees(Rules.LongFile, new string('\n', 801) + "x", new string('\n', 799) + "x");

    [Fact]
    public void LongLines() => AssertSees(Rules.LongLines, new string('x', 121), new string('x', 120));

    [Fact]
    public void LongFunctions() => AssertSees(
        Rules.LongFunctions,
        $"class A {{ void B() {{\n{Filler}}} }}",
        $"class A {{ void B() {{ }}\n//\n{Filler}void C() {{ }} }}");

    [Theory]
    [InlineData("class A { A(int a, int b, int c, int d, int e, int f, int g) { } }")]
    [InlineData("class A(int a, int b, int c, int d, int e, int f, int g);")]
    public void LargeConstructors(string offence) =>
        AssertSees(Rules.LargeConstructors, offence, "record A(int A, int B, int C, int D, int E, int F, int G);");

    [Theory]
    [InlineData("class TopicManager;")]
    [InlineData("interface ITopicService;")]
    [InlineData("enum TopicUtils { A }")]
    public void EmptyNames(string offence) => AssertSees(Rules.EmptyNames, offence, "class Database;");

    [Fact]
    public void ForeignNamespace() => AssertSees(
        Rules.ForeignNamespace, "namespace Millrace.Core;", "namespace Millrace.Core.Log;");

    [Fact]
    public void Markers() => AssertSees(Rules.Markers, "// TO" + "DO later", "// Todos los santos");

    [Fact]
    public void MachinePaths() => AssertSees(Rules.MachinePaths, "cd /ro" + "ot/x", "../ro" + "ot/x");

    [Fact]
    public void UncheckedFlush() => AssertSees(Rules.UncheckedFlush, "stream.Flush(" + "true);", "stream.Flush();");

    [Fact]
    public void SwitchedOffBans() => AssertSees(
        Rules.SwitchedOffBans, "#pragma warning disable RS00" + "30", "#pragma warning disable CA1000");

    [Fact]
    public void Sleeps() => AssertSees(Rules.Sleeps, "Thread.Sle" + "ep(1);", "Task.WhenAll();");

    private static void AssertSees(Func<SourceFile, IEnumerable<string>> rule, string offence, string harmless)
    {
        Assert.Single(rule(new SourceFile("src/Core/Log/A.cs", offence)));
        Assert.Empty(rule(new SourceFile("src/Core/Log/A.cs", harmless)));
    }
}
