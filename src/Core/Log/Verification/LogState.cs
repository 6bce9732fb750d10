namespace Millrace.Core.Log.Verification;

/// <summary>Where the verification of one partition's log stands between two segments.</summary>
internal sealed class LogState
{
    /// <summary>The offset that the next batch should begin with; -1 before the first segment.</summary>
    public long NextOffset { get; set; } = -1;

    /// <summary>The log ends in damage: where it really ended is not known.</summary>
    public bool HasDamagedTail { get; set; }

    /// <summary>The log is damaged somewhere.</summary>
    public bool IsDamaged { get; set; }

    /// <summary>Offsets that cleaning took away, in so many gaps.</summary>
    public long MissingOffsets { get; set; }

    public long Gaps { get; set; }

    public long FirstGap { get; set; } = -1;

    public long LastGap { get; set; } = -1;
}
