using System.Text;
using Millrace.Core.Log;
using Millrace.Core.Model;

namespace Millrace.Unit.Core.Log;

public sealed class RecoveryPointsTests
{
    private const string Path = "recovery-point-offset-checkpoint";

    private readonly LogFixture _fixture = new();

    [Fact]
    public void What_is_flushed_is_written_as_Kafka_does_and_read_again()
    {
        var points = new RecoveryPoints(_fixture.Disk);
        _fixture.Fill(2);
        _fixture.Log.Flush();
        _fixture.Fill(1);
        points.Save([_fixture.Log]);

        Assert.Equal("0\n1\norders 0 6\n", Encoding.UTF8.GetString(_fixture.Disk.Content(Path)));
        Assert.Equal(6, new RecoveryPoints(_fixture.Disk.Crash()).Of(LogFixture.Topic).Value);
        points.Save([]);
        Assert.Equal(6, points.Of(LogFixture.Topic).Value);
        points.Forget([LogFixture.Topic]);
        Assert.Equal(Offset.Zero, new RecoveryPoints(_fixture.Disk.Crash()).Of(LogFixture.Topic));
    }

    [Fact]
    public void Nothing_new_is_not_written()
    {
        var points = new RecoveryPoints(_fixture.Disk);
        points.Save([_fixture.Log]);
        Assert.False(_fixture.Disk.Exists(Path));
        _fixture.Fill(1);
        _fixture.Log.Flush();
        points.Save([_fixture.Log]);
        int flushes = _fixture.Disk.Flushes;
        points.Save([_fixture.Log]);
        Assert.Equal(flushes, _fixture.Disk.Flushes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0\n2\norders 0 6\norders")]
    [InlineData("0\n2\norders 0 6\norders 1 -6")]
    [InlineData("0\n3\norders 0 6\n")]
    public void A_damaged_file_counts_as_none(string text)
    {
        _fixture.Disk.SetContent(Path, Encoding.UTF8.GetBytes(text));
        Assert.Equal(Offset.Zero, new RecoveryPoints(_fixture.Disk).Of(LogFixture.Topic));
    }
}
