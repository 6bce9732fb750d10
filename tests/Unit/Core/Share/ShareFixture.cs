using Millrace.Core.Model;
using Millrace.Core.Share;
using Millrace.Protocol;

namespace Millrace.Unit.Core.Share;

/// <summary>A share partition with a log of batches of equal size and a clock that tests set.</summary>
internal sealed class ShareFixture
{
    private readonly List<FetchedBatch> _log = [];

    public ShareFixture(ShareSettings? settings = null, long start = 0, params StateBatch[] stored)
    {
        Partition = new SharePartition(
            new ShareState(0, 2, 0, start, 0, stored), start, settings ?? new ShareSettings());
    }

    public SharePartition Partition { get; }

    public Instant Now { get; set; } = new(1_000_000);

    public StateChange? Change { get; private set; }

    public ShareFixture Append(params (long First, long Last)[] batches)
    {
        _log.AddRange(batches.Select(batch => new FetchedBatch(batch.First, batch.Last)));
        return this;
    }

    public ShareFixture AppendAborted(long first, long last)
    {
        _log.Add(new FetchedBatch(first, last, IsAborted: true));
        return this;
    }

    /// <summary>What a member gets, as text: first-last of each batch and how often it was delivered.</summary>
    public string Fetch(string member, int max = 500, int batchSize = 500, bool strict = false)
    {
        if (Partition.NextFetchOffset is not { } from)
            return "full";
        var read = _log.Where(batch => batch.LastOffset >= from).ToList();
        var acquired = Partition.Acquire(member, read, from, new FetchLimits(max, batchSize, strict), Now);
        return string.Join(" ", acquired.Select(records =>
            $"{records.FirstOffset}-{records.LastOffset}x{records.DeliveryCount}"));
    }

    public ErrorCode Acknowledge(string member, params (long First, long Last, sbyte[] Types)[] batches)
    {
        var error = Partition.Acknowledge(
            member,
            [.. batches.Select(batch => new AcknowledgementBatch(batch.First, batch.Last, batch.Types))],
            Now,
            out var change);
        Change = change;
        return error;
    }

    public ErrorCode Acknowledge(string member, long first, long last, params sbyte[] types) =>
        Acknowledge(member, (first, last, types));

    public static string Text(StateChange? change) => change is null
        ? "nothing"
        : $"from {change.StartOffset} done {change.DeliveryCompleteCount}: " + string.Join(
            " ",
            change.Batches.Select(batch =>
                $"{batch.FirstOffset}-{batch.LastOffset} {(sbyte)batch.State} x{batch.DeliveryCount}"));
}
