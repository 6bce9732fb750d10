namespace Millrace.Core.Model;

/// <summary>Position of a record in a partition: 0 is the first record ever written.</summary>
public readonly record struct Offset(long Value) : IComparable<Offset>
{
    public static readonly Offset Zero = new(0);

    /// <summary>Kafka's -1: no such offset.</summary>
    public static readonly Offset None = new(-1);

    public int CompareTo(Offset other) => Value.CompareTo(other.Value);

    public static bool operator <(Offset left, Offset right) => left.Value < right.Value;

    public static bool operator >(Offset left, Offset right) => left.Value > right.Value;

    public static bool operator <=(Offset left, Offset right) => left.Value <= right.Value;

    public static bool operator >=(Offset left, Offset right) => left.Value >= right.Value;

    public static Offset operator +(Offset offset, long records) => new(offset.Value + records);

    public static long operator -(Offset left, Offset right) => left.Value - right.Value;

    public static Offset Min(Offset left, Offset right) => left <= right ? left : right;

    public static Offset Max(Offset left, Offset right) => left >= right ? left : right;

    public override string ToString() => Value.ToString();
}
