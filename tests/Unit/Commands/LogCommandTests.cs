using Millrace.Commands;
using Millrace.Unit.Core.Log.Verification;

namespace Millrace.Unit.Commands;

/// <summary>The commands over real files: exit codes, and that nothing is changed.</summary>
public sealed class LogCommandTests : IDisposable
{
    private const string Folder = SealedDirectory.Folder;

    private readonly string _root = Directory.CreateTempSubdirectory("millrace-log").FullName;
    private readonly SealedDirectory _directory = new();

    [Theory]
    [InlineData("", 0)]
    [InlineData(Folder, 0)]
    [InlineData(Folder + "/00000000000000000012.log", 0)]
    [InlineData(Folder + "/00000000000000000000.txnindex", 0)]
    [InlineData(Folder + "/leader-epoch-checkpoint", 0)]
    [InlineData("nosuch", 2)]
    public async Task Verify_of_what_is_in_order(string path, int exitCode) =>
        Assert.Equal(exitCode, await Run("verify", path));

    [Theory]
    [InlineData("", 1)]
    [InlineData(Folder, 1)]
    [InlineData(Folder + "/00000000000000000012.log", 1)]
    [InlineData(Folder + "/00000000000000000021.log", 0)]
    [InlineData(Folder + "/00000000000000000012.index", 0)]
    public async Task Verify_of_damage(string path, int exitCode)
    {
        _directory.Flip(SealedDirectory.Path(12, ".log"), 80);
        Assert.Equal(exitCode, await Run("verify", path));
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData(Folder, 0)]
    [InlineData(Folder + "/00000000000000000012.snapshot", 0)]
    [InlineData("meta.properties", 0)]
    [InlineData("nosuch", 2)]
    public async Task Dump(string path, int exitCode) => Assert.Equal(exitCode, await Run("dump", path));

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private async Task<int> Run(string verb, string path)
    {
        foreach (string folder in _directory.Disk.List("").Where(name => name.EndsWith("-0", StringComparison.Ordinal)))
        {
            Directory.CreateDirectory(Path.Combine(_root, folder));
            foreach (string name in _directory.Disk.List(folder))
                Write($"{folder}/{name}");
        }

        foreach (string name in _directory.Disk.List("").Where(name => !name.EndsWith("-0", StringComparison.Ordinal)))
            Write(name);
        string before = State();
        int exitCode = await LogCommand.Create(() => new MemoryStream())
            .Parse([verb, Path.Combine(_root, path), "--json"])
            .InvokeAsync(cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(before, State());
        return exitCode;
    }

    private void Write(string path) => File.WriteAllBytes(Path.Combine(_root, path), _directory.Disk.Content(path));

    private string State() => string.Join('\n', new DirectoryInfo(_root)
        .EnumerateFiles("*", SearchOption.AllDirectories).OrderBy(file => file.FullName, StringComparer.Ordinal)
        .Select(file => $"{file.FullName} {file.Length} {file.LastWriteTimeUtc.Ticks}"));
}
