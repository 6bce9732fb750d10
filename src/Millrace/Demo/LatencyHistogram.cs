using System.Numerics;

namespace Millrace.Demo;

/// <summary>Counts microseconds in buckets that are a sixteenth of their power of two wide. Not thread-safe.</summary>
internal sealed class LatencyHistogram
{
    private readonly long[] _counts = new long[61 * 16];

    public long Count { get; private set; }

    public void Record(long micros) => Add(BucketOf(Math.Max(0, micros)), 1);

    public void Add(int bucket, long count)
    {
        _counts[bucket] += count;
        Count += count;
    }

    public void Add(IReadOnlyDictionary<int, long> buckets)
    {
        foreach (var (bucket, count) in buckets)
            Add(bucket, count);
    }

    public void Add(LatencyHistogram other)
    {
        for (var i = 0; i < _counts.Length; i++)
            Add(i, other._counts[i]);
    }

    /// <summary>Hands over what was counted and begins anew.</summary>
    public Dictionary<int, long> Take()
    {
        var taken = new Dictionary<int, long>();
        for (var i = 0; i < _counts.Length; i++)
        {
            if (_counts[i] > 0)
                taken[i] = _counts[i];
        }

        Array.Clear(_counts);
        Count = 0;
        return taken;
    }

    /// <summary>Milliseconds that the given share of what was recorded does not exceed; 0 if nothing was.</summary>
    public double Milliseconds(double share)
    {
        var rank = (long)Math.Ceiling(share * Count);
        for (var i = 0; i < _counts.Length && Count > 0; i++)
        {
            rank -= _counts[i];
            if (rank <= 0)
                return UpperBound(i) / 1000.0;
        }

        return 0;
    }

    private static int BucketOf(long micros)
    {
        if (micros < 16)
            return (int)micros;
        var exponent = BitOperations.Log2((ulong)micros);
        return ((exponent - 3) * 16) + (int)((micros >> (exponent - 4)) & 15);
    }

    private static long UpperBound(int bucket) =>
        bucket < 16 ? bucket : ((16L + (bucket % 16) + 1) << ((bucket / 16) - 1)) - 1;
}
