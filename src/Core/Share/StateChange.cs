namespace Millrace.Core.Share;

/// <summary>
/// What is to be stored of a share partition when records were acknowledged or released: the start offset at that
/// time, the records from there on that are done, and what became of those that changed, in ascending order.
/// </summary>
internal sealed record StateChange(long StartOffset, int DeliveryCompleteCount, IReadOnlyList<StateBatch> Batches);
