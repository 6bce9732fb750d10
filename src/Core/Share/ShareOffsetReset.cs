using System.Xml;

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
                if (Duration(text[ByDuration.Length..].ToUpperInvariant()) is not { } duration)
                    return false;
                reset = new ShareOffsetReset(ShareOffsetResetKind.ByDuration, (long)duration.TotalMilliseconds);
                return true;
            default:
                return false;
        }
    }

    private static TimeSpan? Duration(string text)
    {
        var days = text.Split('T')[0];
        if (days.Contains('Y') || days.Contains('M'))
            return null;
        try
        {
            return XmlConvert.ToTimeSpan(text) is var duration && duration >= TimeSpan.Zero ? duration : null;
        }
        catch (Exception wrong) when (wrong is FormatException or OverflowException)
        {
            return null;
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
