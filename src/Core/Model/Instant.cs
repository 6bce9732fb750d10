namespace Millrace.Core.Model;

/// <summary>A moment as an input: milliseconds since 1970-01-01T00:00:00Z, Kafka's unit of time.</summary>
public readonly record struct Instant(long Milliseconds) : IComparable<Instant>
{
    /// <summary>No deadline.</summary>
    public static readonly Instant Never = new(long.MaxValue);

    public int CompareTo(Instant other) => Milliseconds.CompareTo(other.Milliseconds);

    public static bool operator <(Instant left, Instant right) => left.Milliseconds < right.Milliseconds;

    public static bool operator >(Instant left, Instant right) => left.Milliseconds > right.Milliseconds;

    public static bool operator <=(Instant left, Instant right) => left.Milliseconds <= right.Milliseconds;

    public static bool operator >=(Instant left, Instant right) => left.Milliseconds >= right.Milliseconds;

    /// <summary>
    /// The moment <paramref name="milliseconds"/> later; past the end of time it is <see cref="Never"/>.
    /// </summary>
    public static Instant operator +(Instant instant, long milliseconds) =>
        milliseconds > 0 && instant.Milliseconds > long.MaxValue - milliseconds
            ? Never
            : new(instant.Milliseconds + milliseconds);

    public static Instant Min(Instant left, Instant right) => left <= right ? left : right;
}
