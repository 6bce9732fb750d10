using System.Text;
using Millrace.Commands;
using Millrace.Unit.Core.Log.Verification;

namespace Millrace.Unit.Commands;

/// <summary>The commands over real files: exit codes, and that nothing is changed.</summary>
public sealed class LogCommandTests : IDisposable
{
    private const string Folder = SealedDirectory.Folder;

    private readonly string _root = Directory.CreateTempSubdirectory("millrace-log").FullName;
    private readonly SealedDirectory _directory = new();
    private string _written = "";

    [Theory]
    [InlineData("", 0)]
    [InlineData(Folder, 0)]
    [InlineData(Folder + "/00000000000000000012.log", 0)]
    [InlineData(Folder + "/00000000000000000000.txnindex", 0)]
    [InlineData(Folder + "/leader-epoch-checkpoint", 0)]
    [InlineData("nosuch", 2)]
    [InlineData("empty", 2)]
    [InlineData("server.properties", 2)]
    [InlineData(Folder + "/notes.txt", 2)]
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
    [InlineData("empty", 2)]
    [InlineData("server.properties", 2)]
    public async Task Dump(string path, int exitCode) => Assert.Equal(exitCode, await Run("dump", path));

    [Fact]
    public async Task Dump_of_a_range_names_only_files_that_have_something_in_it()
    {
        await Run("dump", Folder, "--from", "12", "--to", "12");

        Assert.Contains("00000000000000000012.log", _written, StringComparison.Ordinal);
        Assert.DoesNotContain("index", _written, StringComparison.Ordinal);
        Assert.DoesNotContain("checkpoint", _written, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private async Task<int> Run(string verb, string path, params string[] options)
    {
        Directory.CreateDirectory(Path.Combine(_root, "empty"));
        File.WriteAllText(Path.Combine(_root, "empty", "server.log"), "none of a partition");
        File.WriteAllText(Path.Combine(_root, "server.properties"), "node.id=1");
        foreach (string folder in _directory.Disk.List("").Where(name => name.EndsWith("-0", StringComparison.Ordinal)))
        {
            Directory.CreateDirectory(Path.Combine(_root, folder));
            foreach (string name in _directory.Disk.List(folder))
                Write($"{folder}/{name}");
        }

        foreach (string name in _directory.Disk.List("").Where(name => !name.EndsWith("-0", StringComparison.Ordinal)))
            Write(name);
        File.WriteAllText(Path.Combine(_root, Folder, "notes.txt"), "none of a log");
        string before = State();
        var stdout = new MemoryStream();
        int exitCode = await LogCommand.Create(() => stdout)
            .Parse([verb, Path.Combine(_root, path), "--json", .. options])
            .InvokeAsync(cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(before, State());
        _written = Encoding.UTF8.GetString(stdout.ToArray());
        return exitCode;
    }

    private void Write(string path) => File.WriteAllBytes(Path.Combine(_root, path), _directory.Disk.Content(path));

    private string State() => string.Join('\n', new DirectoryInfo(_root)
        .EnumerateFiles("*", SearchOption.AllDirectories).OrderBy(file => file.FullName, StringComparer.Ordinal)
        .Select(file => $"{file.FullName} {file.Length} {file.LastWriteTimeUtc.Ticks}"));
}
