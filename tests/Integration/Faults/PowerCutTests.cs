using Millrace.Shared;

namespace Millrace.Integration.Faults;

/// <summary>
/// The power goes while the server is under load: its file system keeps what was flushed and loses the rest. What was
/// acknowledged is there once, at the offset that was told, unless the operator asked for log.flush.relaxed.
/// </summary>
public sealed class PowerCutTests
{
    private const int Megabytes = 1024;

    [Fact]
    public async Task LoseNothingAndRepeatNothing()
    {
        var cuts = FaultRun.Rounds(shortForm: 2, fullForm: 20);
        await using var volume = await Volume.Create(Megabytes);
        await using var server = await MillraceServer.StartIn(volume.Data, Load.Settings);
        await using var load = new Load(server);
        await FaultRun.Each(cuts, async random =>
        {
            await load.Bear(random.Next(500, 4_000));
            await load.BearStop(() => CutPower(volume, server), server.StartAgain);
        });
        await load.Finish();
        var tally = load.Check();
        FaultRun.Report($"{cuts} power cuts: {tally}");
        Assert.True(tally.IsPerfect, $"{tally}\n{server.Errors}");
    }

    /// <summary>The relaxed mode does lose what it acknowledged; else the test above would prove nothing.</summary>
    [Fact]
    public async Task LoseWhatWasNotFlushedInTheRelaxedMode()
    {
        await using var volume = await Volume.Create(Megabytes);
        await using var server = await MillraceServer.StartIn(
            volume.Data, [.. Load.Settings, "--set", "log.flush.relaxed=true"]);
        await using var load = new Load(server);
        await load.Bear(4_000);
        await CutPower(volume, server);
        await load.Stop();
        await server.StartAgain();
        var tally = load.Check();
        FaultRun.Report($"1 power cut, log.flush.relaxed: {tally}");
        Assert.NotEqual(0, tally.Lost);
        Assert.Equal((0, 0), (tally.Corrupt, tally.Doubled));
    }

    /// <summary>
    /// A machine without power answers nobody. So the server is frozen before: ext4 tells a flush that runs into the
    /// cut that it succeeded, although what it was to write is lost.
    /// </summary>
    private static async Task CutPower(Volume volume, MillraceServer server)
    {
        await server.Process.Freeze();
        volume.CutPower();
        await server.Kill();
        await volume.Unmount();
        await volume.Mount();
    }
}
