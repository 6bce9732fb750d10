using Millrace.Core.Model;
using Millrace.Protocol;

namespace Millrace.Core.Log;

/// <summary>Who appends, hence what is checked and what is assigned.</summary>
internal enum AppendOrigin
{
    /// <summary>A producer: everything is checked, offsets are assigned. It does not begin a transaction
    /// here.</summary>
    Client,

    /// <summary>A producer that may begin a transaction here, for the partition is known to be part of it.</summary>
    VerifiedClient,

    /// <summary>The same with an epoch for each transaction (KIP-890): its sequences begin at 0.</summary>
    VerifiedClientWithEpochs,

    /// <summary>A coordinator of this broker: epochs are checked, offsets assigned, control batches allowed.</summary>
    Coordinator,

    /// <summary>The leader of the partition: offsets and epochs stand in the batch.</summary>
    Replica,
}

/// <summary>A record at fault in a refused batch (KIP-467).</summary>
internal readonly record struct RecordError(int BatchIndex, string Message);

/// <summary>What became of an append.</summary>
internal readonly record struct AppendResult
{
    public ErrorCode Error { get; init; }

    /// <summary>Offset of the first record; that of the first append if <see cref="IsDuplicate"/>.</summary>
    public Offset BaseOffset { get; init; }

    /// <summary>An acknowledgement waits for the log to be durable up to here (exclusive).</summary>
    public Offset NextOffset { get; init; }

    /// <summary>-1 unless the topic's timestamps are of the append.</summary>
    public long LogAppendTimeMs { get; init; }

    /// <summary>-1 where Kafka answers an error without it.</summary>
    public Offset LogStartOffset { get; init; }

    public bool IsDuplicate { get; init; }

    public string? ErrorMessage { get; init; }

    /// <summary>Kafka tells the client the message of some errors only.</summary>
    public bool TellsMessage { get; init; }

    /// <summary>Empty unless single records are at fault.</summary>
    public IReadOnlyList<RecordError> RecordErrors { get; init; }

    internal static AppendResult Refused(
        ErrorCode error, Offset logStartOffset, string? message = null, IReadOnlyList<RecordError>? records = null) =>
        new()
        {
            Error = error,
            BaseOffset = Offset.None,
            NextOffset = Offset.None,
            LogAppendTimeMs = -1,
            LogStartOffset = logStartOffset,
            ErrorMessage = message,
            RecordErrors = records ?? [],
        };
}
