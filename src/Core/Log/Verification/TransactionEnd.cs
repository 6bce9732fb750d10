namespace Millrace.Core.Log.Verification;

/// <summary>A transaction marker in the log.</summary>
/// <param name="ProducerId">Whose transaction ends.</param>
/// <param name="IsAbort">Or else a commit.</param>
/// <param name="FirstOffset">Of the transaction's first batch; -1 where none was seen.</param>
/// <param name="MarkerOffset">Where the marker stands.</param>
/// <param name="LastStableOffset">Once the marker was written; -1 where that is not certain.</param>
/// <param name="IsCertain">All of the log up to here was seen, and nothing was cleaned.</param>
internal readonly record struct TransactionEnd(
    long ProducerId, bool IsAbort, long FirstOffset, long MarkerOffset, long LastStableOffset, bool IsCertain);
