namespace Millrace.Core.Log.Verification;

/// <summary>How bad a finding is: only an error says that something is lost, wrong or will mislead a reader.</summary>
internal enum Severity
{
    /// <summary>Worth knowing, and as it should be.</summary>
    Note,

    /// <summary>Out of the ordinary; the next start puts it right, or it can't be judged for certain.</summary>
    Warning,

    Error,
}

/// <summary>One thing that a verification has found.</summary>
internal sealed record Finding
{
    public required Severity Severity { get; init; }

    /// <summary>Which check it comes from: a stable name such as <c>batch-crc</c>.</summary>
    public required string Check { get; init; }

    /// <summary>Relative to the data directory.</summary>
    public required string File { get; init; }

    /// <summary>Where in the file; -1 where it is no single place.</summary>
    public long Position { get; init; } = -1;

    /// <summary>The first offset it is about; -1 where it is about none.</summary>
    public long FirstOffset { get; init; } = -1;

    /// <summary>The last offset it is about; -1 where it is not known, as in a damaged tail.</summary>
    public long LastOffset { get; init; } = -1;

    public required string Problem { get; init; }

    /// <summary>What to do about it; empty where nothing need be done.</summary>
    public string Advice { get; init; } = "";
}
