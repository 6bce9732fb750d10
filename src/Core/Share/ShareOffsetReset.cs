using Millrace.Core.Configs;

namespace Millrace.Core.Share;

/// <summary>
/// share.auto.offset.reset: <c>latest</c>, <c>earliest</c>, or <c>by_duration:</c> and a duration of ISO 8601, of days
/// at most as Java has it.
/// </summary>
/// <param name="Kind">Which of the three.</param>
/// <param name="DurationMs">How far back for the third.</param>
internal readonly record struct ShareOffsetReset(ShareOffsetResetKind Kind, long DurationMs = 0)
{
    private const string ByDuration = "by_duration:";

    public static bool TryParse(string text, out ShareOffsetReset reset)
    {
        reset = default;
        switch (text.ToLowerInvariant())
        {
            case "latest":
                return true;
            case "earliest":
                reset = new ShareOffsetReset(ShareOffsetResetKind.Earliest);
                return true;
            case var other when other.StartsWith(ByDuration, StringComparison.Ordinal):
                if (!Iso8601.TryParseDuration(text[ByDuration.Length..].ToUpperInvariant(), out var duration))
                    return false;
                reset = new ShareOffsetReset(ShareOffsetResetKind.ByDuration, duration);
                return true;
            default:
                return false;
        }
    }
}

/// <summary>Where a share group begins with a partition that it has no start offset for.</summary>
internal enum ShareOffsetResetKind
{
    Latest,
    Earliest,
    ByDuration,
}
