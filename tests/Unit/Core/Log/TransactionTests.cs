using Millrace.Core.Log;
using Millrace.Core.Log.Segments;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Shared.Simulated;

namespace Millrace.Unit.Core.Log;

public sealed class TransactionTests
{
    private readonly LogFixture _fixture = new(LogFixture.Small with { SegmentBytes = 400 });

    [Fact]
    public void An_open_transaction_holds_the_stable_offset_back_until_its_marker_is_visible()
    {
        Send(_fixture, 1, 0);
        Assert.Equal(0, Stable(1));
        Send(_fixture, 2, 0);
        End(_fixture, 1, commit: true);
        Assert.Equal(3, _fixture.Log.LogEndOffset.Value);
        _fixture.Log.OnHighWatermark(new Offset(2));
        Assert.Equal(0, Stable(2)); // the marker at offset 2 is not below the high watermark
        _fixture.Log.OnHighWatermark(new Offset(3));
        Assert.Equal(1, Stable(3));
        End(_fixture, 2, commit: false);
        _fixture.Log.OnHighWatermark(new Offset(4));
        Assert.Equal(4, Stable(4));
    }

    [Fact]
    public void Aborted_transactions_are_found_again_after_any_stop()
    {
        foreach (Stop stop in Enum.GetValues<Stop>())
        {
            var fixture = new LogFixture(LogFixture.Small with { SegmentBytes = 400 });
            FillWithTransactions(fixture);
            Assert.True(fixture.Log.Segments.Count > 4);
            string before = Aborted(fixture);
            SimDisk disk = fixture.Disk;
            if (stop == Stop.CheckpointThenKill)
                fixture.Checkpoint();
            if (stop is Stop.CleanClose or Stop.CleanCloseAndDamage)
                Assert.True(fixture.Log.Close(clean: true));
            foreach (string name in disk.List("orders-0"))
            {
                if (stop == Stop.CleanCloseAndDamage && name.EndsWith(".txnindex", StringComparison.Ordinal))
                    disk.SetContent("orders-0/" + name, [.. disk.Content("orders-0/" + name)[..^1]]);
            }

            var again = new LogFixture(
                LogFixture.Small with { SegmentBytes = 400 }, disk.Copy(),
                clean: stop is Stop.CleanClose or Stop.CleanCloseAndDamage,
                recoveryPoint: stop == Stop.CheckpointThenKill ? fixture.Log.RecoveryPoint.Value : 0);

            Assert.Equal(before, Aborted(again));
            Assert.Equal(fixture.Log.LogEndOffset, again.Log.LogEndOffset);
            Assert.Equal(40, again.Log.LastStableOffset(again.Log.LogEndOffset).Value); // producer 9 is still open
            End(again, 9, commit: false);
            again.Log.OnHighWatermark(again.Log.LogEndOffset);
            Assert.Equal(again.Log.LogEndOffset, again.Log.LastStableOffset(again.Log.LogEndOffset));
            Assert.Contains("9:40-", Aborted(again), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Only_transactions_of_the_range_are_named()
    {
        FillWithTransactions(_fixture);
        Assert.Equal("1:0-2", Describe(_fixture.Log.AbortedTransactions(Offset.Zero, new Offset(3))));
        Assert.Equal("", Describe(_fixture.Log.AbortedTransactions(new Offset(3), new Offset(4))));
    }

    private enum Stop
    {
        Kill,
        CheckpointThenKill,
        CleanClose,
        CleanCloseAndDamage,
    }

    /// <summary>Producer 1 aborts every second of its transactions; producer 9 begins one at offset 40.</summary>
    private static void FillWithTransactions(LogFixture fixture)
    {
        for (int i = 0; fixture.Log.LogEndOffset.Value < 70; i++)
        {
            Send(fixture, 1, 2 * i);
            Send(fixture, 1, (2 * i) + 1);
            End(fixture, 1, commit: i % 2 == 1);
            if (fixture.Log.LogEndOffset.Value == 39)
                fixture.Fill(0);
            if (fixture.Log.LogEndOffset.Value is 39)
            {
                fixture.Append(LogFixture.Batch(["plain"]));
                Send(fixture, 9, 0);
            }
        }
    }

    private static string Aborted(LogFixture fixture) =>
        Describe(fixture.Log.AbortedTransactions(Offset.Zero, fixture.Log.LogEndOffset));

    private static string Describe(IReadOnlyList<AbortedTransaction> aborted) =>
        string.Join(' ', aborted.Select(a => $"{a.ProducerId}:{a.FirstOffset}-{a.LastOffset}"));

    private long Stable(long highWatermark) => _fixture.Log.LastStableOffset(new Offset(highWatermark)).Value;

    private static void Send(LogFixture fixture, long producer, int sequence)
    {
        using var builder = new RecordBatchBuilder
        {
            ProducerId = producer,
            ProducerEpoch = 0,
            BaseSequence = sequence,
            IsTransactional = true,
        };
        builder.Append(LogFixture.Now.Milliseconds, [1], [2]);
        Assert.Equal(ErrorCode.None, fixture.Append(builder.Build().ToArray()).Error);
    }

    private static void End(LogFixture fixture, long producer, bool commit)
    {
        using var builder = new RecordBatchBuilder
        {
            ProducerId = producer,
            ProducerEpoch = 0,
            IsTransactional = true,
            IsControl = true,
        };
        builder.Append(LogFixture.Now.Milliseconds, [0, 0, 0, (byte)(commit ? 1 : 0)], [0, 0, 0, 0, 0, 5]);
        Assert.Equal(
            ErrorCode.None,
            fixture.Log.Append(
                builder.Build(), LeaderEpoch.Zero, LogFixture.Now, AppendOrigin.Coordinator).Error);
    }
}
