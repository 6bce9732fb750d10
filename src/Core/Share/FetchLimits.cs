namespace Millrace.Core.Share;

/// <summary>How much one fetch may acquire.</summary>
/// <param name="MaxRecords">Records in all; rounded up to the whole batch unless strict.</param>
/// <param name="BatchSize">Records after which what is acquired is told as another batch.</param>
/// <param name="IsStrict">ShareAcquireMode 1: not a record more (KIP-1206).</param>
internal readonly record struct FetchLimits(long MaxRecords, long BatchSize, bool IsStrict = false);
