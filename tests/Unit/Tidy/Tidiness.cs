namespace Millrace.Unit.Tidy;

/// <summary>The house rules that a machine can check, over every file of the checkout.</summary>
public sealed class Tidiness
{
    private const int MostFilesInFolder = 25;

    [Fact]
    public void FilesAreShort() => AssertNone(SourceFile.Code, Rules.LongFile);

    [Fact]
    public void LinesAreShort() => AssertNone(SourceFile.Code, Rules.LongLines);

    [Fact]
    public void FunctionsAreShort() => AssertNone(SourceFile.Code, Rules.LongFunctions);

    [Fact]
    public void ConstructorsAreSmall() => AssertNone(SourceFile.Code, Rules.LargeConstructors);

    [Fact]
    public void NamesSaySomething() => AssertNone(SourceFile.Code, Rules.EmptyNames);

    [Fact]
    public void FoldersAreNamespaces() => AssertNone(SourceFile.Code, Rules.ForeignNamespace);

    [Fact]
    public void NothingIsLeftForLater() => AssertNone(SourceFile.All, Rules.Markers);

    [Fact]
    public void NoMachineIsNamed() => AssertNone(SourceFile.All, Rules.MachinePaths);

    [Fact]
    public void NoFlushHidesItsErrors() =>
        AssertNone(SourceFile.Code.Where(file => In(file, "src")), Rules.UncheckedFlush);

    [Fact]
    public void NoTestSleeps() => AssertNone(SourceFile.Code.Where(file => In(file, "tests")), Rules.Sleeps);

    [Fact]
    public void BansAreSwitchedOffOnlyWhereTheOperatingSystemMayBeTouched() =>
        AssertNone(SourceFile.Code.Where(file => In(file, "src")), Rules.SwitchedOffBans);

    [Fact]
    public void FoldersAreSmall() =>
        Assert.Empty(SourceFile.Code.CountBy(file => file.Folder)
            .Where(folder => folder.Value > MostFilesInFolder)
            .Select(folder => $"{folder.Key} has {folder.Value} files"));

    private static bool In(SourceFile file, string room) => file.Path.StartsWith(room + '/', StringComparison.Ordinal);

    private static void AssertNone(IEnumerable<SourceFile> files, Func<SourceFile, IEnumerable<string>> rule)
    {
        var looked = files.ToList();
        Assert.NotEmpty(looked);
        var offences = looked.SelectMany(rule).ToList();
        Assert.True(offences.Count == 0, string.Join('\n', offences));
    }
}
