namespace Millrace.Connect.Runtime;

public enum ConnectorState
{
    Starting,
    Snapshot,
    Streaming,
    Retrying,
    Failed,
    Stopped,
}

/// <summary>What a connector does right now; a copy, safe to keep.</summary>
/// <param name="State">Its state.</param>
/// <param name="Message">Why it retries or failed; else empty.</param>
/// <param name="ChangesCaptured">Row changes handed to the log since the start, snapshot rows included.</param>
/// <param name="Transactions">Source transactions read whole since the start.</param>
/// <param name="ConfirmedLsn">The position confirmed to the server, as it prints it.</param>
/// <param name="LastCommitTime">Commit time of the newest transaction that is wholly in the log.</param>
public sealed record ConnectorStatus(
    ConnectorState State, string Message, long ChangesCaptured, long Transactions, string ConfirmedLsn,
    DateTimeOffset? LastCommitTime);
