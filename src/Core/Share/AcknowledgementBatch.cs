namespace Millrace.Core.Share;

/// <summary>What a member says of records: one type for all of them, or one for each.</summary>
internal readonly record struct AcknowledgementBatch(
    long FirstOffset, long LastOffset, IReadOnlyList<sbyte> Types)
{
    public AcknowledgeType TypeOf(long offset) =>
        (AcknowledgeType)(Types.Count == 1 ? Types[0] : Types[(int)(offset - FirstOffset)]);

    /// <summary>
    /// Whether the batches of a partition can be understood: in ascending order, none inverted, each with one type or
    /// one for each offset, and those known. To renew the request has to say so.
    /// </summary>
    public static bool AreValid(IReadOnlyList<AcknowledgementBatch> batches, bool mayRenew)
    {
        var previous = -1L;
        var highest = (sbyte)(mayRenew ? AcknowledgeType.Renew : AcknowledgeType.Reject);
        foreach (var (first, last, types) in batches)
        {
            if (first > last || first < previous || types.Count == 0)
                return false;
            if (types.Count > 1 && types.Count - 1 != last - first)
                return false;
            if (types.Any(type => type < 0 || type > highest))
                return false;
            previous = last;
        }

        return true;
    }
}
