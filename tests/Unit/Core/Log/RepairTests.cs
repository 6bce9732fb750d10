using Millrace.Core.Model;
using Millrace.Shared.Simulated;

namespace Millrace.Unit.Core.Log;

/// <summary>What was damaged or missing and is made again is told: the disk may be about to fail.</summary>
public sealed class RepairTests
{
    private readonly LogFixture _written = new();

    public RepairTests()
    {
        _written.Fill(20);
        _written.Append(LogFixture.Batch(["a", "b", "c"]), epoch: 1);
        _written.Fill(0);
        Assert.True(_written.Log.Close(clean: true));
    }

    private SimDisk Disk => _written.Disk;

    [Theory]
    [InlineData("first.index", true)]
    [InlineData("first.timeindex", true)]
    [InlineData("first.index", false)]
    [InlineData("last.index", true)]
    [InlineData("last.timeindex", false)]
    [InlineData("last.snapshot", false)]
    [InlineData("leader-epoch-checkpoint", true)]
    [InlineData("leader-epoch-checkpoint", false)]
    public void A_file_is_told_and_made_again(string file, bool isMissing)
    {
        string path = PathOf(file);
        if (isMissing)
            Disk.Delete(path);
        else
            Disk.SetContent(path, [1, 2, 3]);

        var again = new LogFixture(disk: Disk, recoveryPoint: 63);
        again.Log.Read(Offset.Zero, 1000, again.Log.LogEndOffset, atLeastOneBatch: true);
        _ = again.Log.OffsetForTimestamp(LogFixture.Now.Milliseconds + 1);

        string line = Assert.Single(again.Reports);
        Assert.StartsWith("orders-0: made again from the log", line, StringComparison.Ordinal);
        Assert.Contains(path, line, StringComparison.Ordinal);
        Assert.Equal(60, again.Log.EndOffsetForEpoch(LeaderEpoch.Zero).EndOffset.Value);
        Assert.True(again.Log.Close(clean: true));
        Assert.True(!isMissing || Disk.Exists(path));
    }

    [Fact]
    public void Nothing_is_told_of_a_sound_log()
    {
        var again = new LogFixture(disk: Disk, recoveryPoint: 63);
        again.Log.Read(Offset.Zero, 1000, again.Log.LogEndOffset, atLeastOneBatch: true);
        _ = again.Log.OffsetForTimestamp(LogFixture.Now.Milliseconds + 1);
        Assert.Empty(again.Reports);
    }

    private string PathOf(string file)
    {
        string[] parts = file.Split('.');
        return parts[0] switch
        {
            "first" => $"orders-0/{0:D20}.{parts[1]}",
            "last" when parts[1] == "snapshot" => $"orders-0/{63:D20}.snapshot",
            "last" => $"{_written.Log.Segments[^1].Path}.{parts[1]}",
            _ => "orders-0/" + file,
        };
    }
}
