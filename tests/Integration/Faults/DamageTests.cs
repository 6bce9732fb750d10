namespace Millrace.Integration.Faults;

/// <summary>
/// Files of a data directory are cut short and bits in them turned round while no server runs. The server that is
/// started then serves nothing wrong, and what it doesn't serve is told: by an error to the reader, in its log, by
/// refusing to start, or by <c>millrace log verify</c>. What the end of a log loses above the recovery point after an
/// unclean stop need not be told: it looks like the unfinished write that an unclean stop leaves.
/// </summary>
public sealed class DamageTests : IAsyncLifetime
{
    /// <summary>Has no checksum, and a digit of it can become another one (docs/log.md).</summary>
    private const string Excluded = "log-start-offset-checkpoint";

    private const string MetadataLog = "__cluster_metadata-0/00000000000000000000.log";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("millrace-damage-");
    private WrittenDirectory _clean = null!;
    private WrittenDirectory _killed = null!;

    private string Copy => Path.Combine(_folder.FullName, "copy");

    public async ValueTask InitializeAsync()
    {
        _clean = await WrittenDirectory.Write(Path.Combine(_folder.FullName, "clean"));
        _killed = await _clean.GoOnAndKill(Path.Combine(_folder.FullName, "killed"));
    }

    public ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task IsNeverServedAndAlwaysTold()
    {
        var rounds = FaultRun.Rounds(shortForm: 20, fullForm: 300);
        var outcomes = new List<DamageOutcome>();
        var failures = new List<string>();
        for (var seed = FaultRun.Seed; seed < FaultRun.Seed + rounds; seed++)
        {
            var random = new Random(seed);
            var written = random.Next(2) == 0 ? _clean : _killed;
            var damage = FileDamage.Choose(random, written.Path, Excluded);
            var outcome = await DamageOutcome.Of(written, damage, Copy);
            outcomes.Add(outcome);
            failures.AddRange(outcome.Failures.Select(failure =>
                $"MILLRACE_SEED={seed}: {(written.IsClean ? "stopped in order" : "killed")}, {damage}: {failure}"));
        }

        FaultRun.Report($"{rounds} damaged files: {outcomes.Sum(outcome => outcome.Served)} records served, "
            + $"{outcomes.Sum(outcome => outcome.Missing)} missing, {failures.Count} failures; "
            + string.Join(", ", outcomes.GroupBy(outcome => outcome.Way).OrderBy(way => way.Key, StringComparer.Ordinal)
                .Select(way => $"{way.Count()} {way.Key}")));
        Assert.True(failures.Count == 0, string.Join("\n\n", failures));
    }

    /// <summary>After a stop in order a metadata log that ends too early has lost what was promised.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(300)]
    public async Task OfTheMetadataLogsEndIsNoUnfinishedWriteAfterAStopInOrder(int bytes)
    {
        _clean.CopyTo(Copy);
        var length = new FileInfo(Path.Combine(Copy, MetadataLog)).Length;
        new FileDamage(MetadataLog, length - bytes, []).Apply(Copy);
        await using var server = WrittenDirectory.ServerOn(Copy);
        Assert.False(await server.TryStartAgain());
        Assert.Contains("__cluster_metadata-0", server.Errors, StringComparison.Ordinal);
    }
}
