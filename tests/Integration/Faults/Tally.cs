using Confluent.Kafka;
using Millrace.Integration.Broker;

namespace Millrace.Integration.Faults;

/// <summary>What became of the records that a server acknowledged.</summary>
/// <param name="Acknowledged">How many it acknowledged.</param>
/// <param name="Lost">Those of them that are not at the offset that was told.</param>
/// <param name="Corrupt">Records that nobody wrote like this.</param>
/// <param name="Doubled">Records that are there once more, at another offset.</param>
internal readonly record struct Tally(long Acknowledged, long Lost, long Corrupt, long Doubled)
{
    /// <summary>The offset of a record that was not acknowledged; it may be there or not.</summary>
    public const long Refused = -1;

    public bool IsPerfect => (Lost, Corrupt, Doubled) == (0, 0, 0);

    /// <summary>Of one partition.</summary>
    /// <param name="records">All that the server serves of it.</param>
    /// <param name="acknowledged">The offsets that each writer was told, of its records 0, 1, 2, ...</param>
    public static Tally Of(
        List<ConsumeResult<string, string>> records, IReadOnlyDictionary<string, IReadOnlyList<long>> acknowledged)
    {
        var places = new Dictionary<(string Writer, int Number), long>();
        var (corrupt, doubled) = (0L, 0L);
        foreach (var record in records)
        {
            var value = NumberedValue.Read(record.Message.Key, record.Partition.Value, record.Message.Value);
            if (value is null || !acknowledged.ContainsKey(value.Writer))
                corrupt++;
            else if (!places.TryAdd((value.Writer, value.Number), record.Offset.Value))
                doubled++;
        }

        return new Tally(
            acknowledged.Sum(writer => writer.Value.LongCount(offset => offset != Refused)),
            acknowledged.Sum(writer => writer.Value.Index().LongCount(
                record => record.Item != Refused
                    && places.GetValueOrDefault((writer.Key, record.Index), Refused) != record.Item)),
            corrupt,
            doubled);
    }

    public static Tally operator +(Tally one, Tally other) => new(
        one.Acknowledged + other.Acknowledged, one.Lost + other.Lost, one.Corrupt + other.Corrupt,
        one.Doubled + other.Doubled);

    public override string ToString() =>
        $"{Acknowledged} acknowledged, {Lost} lost, {Corrupt} corrupt, {Doubled} doubled";
}
