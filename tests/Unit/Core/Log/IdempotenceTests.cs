using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol;

namespace Millrace.Unit.Core.Log;

/// <summary>Producers' sequences and epochs, each step as Kafka answers it.</summary>
public sealed class IdempotenceTests
{
    private readonly LogFixture _fixture = new();

    [Fact]
    public void The_last_five_batches_are_known_as_duplicates()
    {
        for (int i = 0; i < 8; i++)
            Taken(i, 2 * i, Send(2 * i, 2));
        for (int i = 3; i < 8; i++)
            Duplicate(2 * i, Send(2 * i, 2));
        Refused(ErrorCode.OutOfOrderSequence, Send(4, 2)); // older than five
        Refused(ErrorCode.OutOfOrderSequence, Send(14, 1)); // a part of a known one
        Refused(ErrorCode.OutOfOrderSequence, Send(15, 2)); // an overlap
        Refused(ErrorCode.OutOfOrderSequence, Send(17, 1)); // a gap
        Taken(8, 16, Send(16, 1));
    }

    [Fact]
    public void A_duplicate_answers_offset_and_time_of_the_first()
    {
        Send(0, 2);
        AppendResult duplicate = Send(0, 2);
        Duplicate(0, duplicate);
        Assert.Equal(LogFixture.Now.Milliseconds + 1, duplicate.LogAppendTimeMs);
        Assert.Equal(2, duplicate.NextOffset.Value);
        Assert.Equal(2, _fixture.Log.LogEndOffset.Value);
    }

    [Theory]
    [InlineData(42, 0)]
    [InlineData(-2, 0)]
    [InlineData(42, -1)]
    public void An_unknown_producer_begins_anywhere(long id, short epoch)
    {
        Assert.Equal(ErrorCode.None, Send(4711, 1, epoch, id).Error);
        Assert.Equal(ErrorCode.None, Send(4712, 1, epoch, id).Error);
    }

    [Fact]
    public void Epochs_only_grow_and_begin_at_zero()
    {
        Taken(0, 0, Send(0, 1));
        Refused(ErrorCode.OutOfOrderSequence, Send(3, 1, epoch: 1));
        Taken(1, 1, Send(0, 1, epoch: 1));
        Refused(ErrorCode.InvalidProducerEpoch, Send(1, 1, epoch: 0));
        Refused(ErrorCode.InvalidProducerEpoch, Send(0, 1, epoch: 0));
        Taken(2, 2, Send(0, 1, epoch: 5));
        Taken(3, 3, Send(1, 1, epoch: 5));
    }

    [Fact]
    public void Sequences_wrap_to_zero_even_within_a_batch()
    {
        Taken(0, 0, Send(int.MaxValue - 1, 2));
        Taken(1, 2, Send(0, 1));
        Taken(0, 3, Send(int.MaxValue, 3, id: 2)); // 2147483647, 0, 1
        Taken(1, 6, Send(2, 1, id: 2));
        Duplicate(3, Send(int.MaxValue, 3, id: 2));
    }

    [Fact]
    public void Duplicates_are_known_after_all_records_are_deleted()
    {
        Send(0, 2);
        Assert.True(_fixture.Log.AdvanceLogStartOffset(new Offset(2)));
        Duplicate(0, Send(0, 2));
        Refused(ErrorCode.OutOfOrderSequence, Send(3, 1));
        Taken(1, 2, Send(2, 1));
    }

    [Fact]
    public void A_silent_producer_is_forgotten()
    {
        Send(0, 1);
        long expiration = LogSettings.Default.ProducerIdExpirationMs;
        _fixture.Log.RemoveExpiredProducers(LogFixture.Now + (expiration - 1));
        Assert.Equal(1, _fixture.Log.ProducerCount);
        _fixture.Log.RemoveExpiredProducers(LogFixture.Now + expiration);
        Assert.Equal(0, _fixture.Log.ProducerCount);
        Assert.Equal(ErrorCode.None, Send(900, 1).Error);
    }

    private AppendResult Send(int sequence, int count, short epoch = 0, long id = 1) =>
        _fixture.Append(LogFixture.Batch(
            [.. Enumerable.Repeat("x", count)], producerId: id, epoch: epoch, sequence: sequence));

    private static void Taken(int step, long offset, AppendResult result)
    {
        Assert.True(result is { Error: ErrorCode.None, IsDuplicate: false }, $"step {step}: {result}");
        Assert.Equal(offset, result.BaseOffset.Value);
    }

    private static void Duplicate(long offset, AppendResult result)
    {
        Assert.True(result is { Error: ErrorCode.None, IsDuplicate: true }, result.ToString());
        Assert.Equal(offset, result.BaseOffset.Value);
    }

    private static void Refused(ErrorCode error, AppendResult result)
    {
        Assert.Equal(error, result.Error);
        Assert.Equal(Offset.None, result.BaseOffset);
        Assert.Equal(0, Math.Min(result.LogStartOffset.Value, 0));
    }
}
