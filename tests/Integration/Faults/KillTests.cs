using Millrace.Shared;

namespace Millrace.Integration.Faults;

/// <summary>
/// kill -9 of the server under load: what was acknowledged is there once, at the offset that was told, and committed
/// offsets never go back.
/// </summary>
public sealed class KillTests
{
    [Fact]
    public async Task LoseNothingAndRepeatNothing()
    {
        var kills = FaultRun.Rounds(shortForm: 5, fullForm: 50);
        await using var server = await MillraceServer.Start(Load.Settings);
        await using var load = new Load(server);
        await FaultRun.Each(kills, async random =>
        {
            await load.Bear(random.Next(500, 4_000));
            await load.BearStop(server.Kill, server.StartAgain);
        });
        await load.Finish();
        var tally = load.Check();
        FaultRun.Report($"{kills} kills: {tally}");
        Assert.True(tally.IsPerfect, $"{tally}\n{server.Errors}");
    }
}
