namespace Millrace.Core.Share;

/// <summary>A batch that was read from the log, to be acquired from.</summary>
/// <param name="BaseOffset">Its first offset.</param>
/// <param name="LastOffset">Its last offset.</param>
/// <param name="IsAborted">Its transaction was aborted, and the group is not to see that.</param>
internal readonly record struct FetchedBatch(long BaseOffset, long LastOffset, bool IsAborted = false);
