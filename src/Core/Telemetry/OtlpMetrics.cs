using System.Collections.Immutable;
using System.Globalization;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Telemetry;

/// <summary>
/// Reads what clients push: OpenTelemetry's MetricsData, of which gauges and sums are taken, the kinds that KIP-714
/// has.
/// </summary>
internal static class OtlpMetrics
{
    private const long NanosecondsAMillisecond = 1_000_000;
    private const ulong Delta = 1;
    private const int MostAttributes = 32;

    /// <summary>The first <paramref name="most"/> samples.</summary>
    /// <exception cref="MalformedFrameException">The bytes are no MetricsData.</exception>
    public static List<MetricSample> Read(ReadOnlySpan<byte> data, int most)
    {
        var samples = new List<MetricSample>();
        var reader = new ProtobufReader(data);
        while (reader.MoveNext())
        {
            if (reader.Field == 1)
                ReadResource(reader.Bytes, samples, most);
        }

        return samples;
    }

    private static void ReadResource(ReadOnlySpan<byte> resource, List<MetricSample> samples, int most)
    {
        var reader = new ProtobufReader(resource);
        while (reader.MoveNext())
        {
            if (reader.Field != 2)
                continue;
            var scope = new ProtobufReader(reader.Bytes);
            while (scope.MoveNext())
            {
                if (scope.Field == 2)
                    ReadMetric(scope.Bytes, samples, most);
            }
        }
    }

    private static void ReadMetric(ReadOnlySpan<byte> metric, List<MetricSample> samples, int most)
    {
        const int Gauge = 5, Sum = 7;
        string name = "", unit = "";
        ReadOnlySpan<byte> data = [];
        var reader = new ProtobufReader(metric);
        while (reader.MoveNext())
        {
            switch (reader.Field)
            {
                case 1:
                    name = reader.Text;
                    break;
                case 3:
                    unit = reader.Text;
                    break;
                case Gauge or Sum:
                    data = reader.Bytes;
                    break;
            }
        }

        var isDelta = false;
        var kind = new ProtobufReader(data);
        while (kind.MoveNext())
            isDelta |= kind.Field == 2 && kind.Number == Delta;
        var points = new ProtobufReader(data);
        while (points.MoveNext())
        {
            if (points.Field == 1 && samples.Count < most)
                samples.Add(ReadPoint(points.Bytes, name, unit, isDelta));
        }
    }

    private static MetricSample ReadPoint(ReadOnlySpan<byte> point, string name, string unit, bool isDelta)
    {
        var attributes = ImmutableArray.CreateBuilder<(string, string)>();
        double value = 0;
        long time = 0;
        var reader = new ProtobufReader(point);
        while (reader.MoveNext())
        {
            switch (reader.Field)
            {
                case 3:
                    time = (long)(reader.Number / NanosecondsAMillisecond);
                    break;
                case 4:
                    value = reader.Double;
                    break;
                case 6:
                    value = (long)reader.Number;
                    break;
                case 7 when attributes.Count < MostAttributes:
                    attributes.Add(ReadAttribute(reader.Bytes));
                    break;
            }
        }

        return new MetricSample(name, unit, attributes.ToImmutable(), value, time, isDelta);
    }

    private static (string Key, string Value) ReadAttribute(ReadOnlySpan<byte> attribute)
    {
        string key = "", value = "";
        var reader = new ProtobufReader(attribute);
        while (reader.MoveNext())
        {
            if (reader.Field == 1)
                key = reader.Text;
            else if (reader.Field == 2)
                value = ReadValue(reader.Bytes);
        }

        return (key, value);
    }

    private static string ReadValue(ReadOnlySpan<byte> any)
    {
        var reader = new ProtobufReader(any);
        if (!reader.MoveNext())
            return "";
        return reader.Field switch
        {
            1 => reader.Text,
            2 => reader.Number == 0 ? "false" : "true",
            3 => ((long)reader.Number).ToString(CultureInfo.InvariantCulture),
            4 => reader.Double.ToString(CultureInfo.InvariantCulture),
            _ => "",
        };
    }
}
