using Millrace.Connect.Converters;
using Millrace.Connect.Data;

namespace Millrace.Connect.Postgres.Types;

/// <summary>Dates, times, timestamps and intervals in the representation of time.precision.mode.</summary>
internal sealed class TemporalTypes(ValueModes modes)
{
    private const string Debezium = "io.debezium.time.";
    private const string Connect = "org.apache.kafka.connect.data.";
    private const long NanosPerMicro = 1000;

    // What Debezium's stream writes for infinity.
    private const long DateInfinity = 2146033979;
    private const long DateMinusInfinity = -2147472691;
    private const long MillisInfinity = 9223372036825200000;
    private const long MillisMinusInfinity = -9223372036832400000;
    private static readonly byte[] NoPlaceholder = "null"u8.ToArray();

    public ColumnType? TypeOf(string name, int typMod)
    {
        var precision = typMod is >= 0 and <= 6 ? typMod : 6;
        return name switch
        {
            "date" => Date(),
            "time" => Time(precision),
            "timetz" => Text("ZonedTime", WriteZonedTime, "\"00:00:00Z\"") with { HasDefaults = false },
            "timestamp" => Timestamp(precision),
            "timestamptz" => Text("ZonedTimestamp", (text, output) => WriteZonedTimestamp(text, precision, output),
                Zoned(precision)),
            "interval" when modes.IntervalAsText => Text("Interval", IntervalText.WriteIso, "\"P0Y0M0DT0H0M0S\""),
            "interval" => Number(Schema.Int64.Named(Debezium + "MicroDuration"), IntervalText.WriteMicros),
            _ => null,
        };
    }

    private ColumnType Date() => modes.Time switch
    {
        TimeMode.Connect => Number(Schema.Int32.Named(Connect + "Date"), WriteDays),
        TimeMode.IsoString => Text("IsoDate", WriteIsoDate, "\"1970-01-01Z\""),
        _ => Number(Schema.Int32.Named(Debezium + "Date"), WriteDays),
    };

    private ColumnType Time(int precision) => modes.Time switch
    {
        TimeMode.Connect => Number(Schema.Int32.Named(Connect + "Time"), (t, o) => o.Long(Micros(t) / 1000)),
        TimeMode.IsoString => Text("IsoTime", WriteIsoTime, "\"00:00:00Z\""),
        TimeMode.Nanoseconds => Number(Schema.Int64.Named(Debezium + "NanoTime"),
            (t, o) => o.Long(Micros(t) * NanosPerMicro)),
        TimeMode.Adaptive when precision <= 3 => Number(Schema.Int32.Named(Debezium + "Time"),
            (t, o) => o.Long(Micros(t) / 1000)),
        _ => Number(Schema.Int64.Named(Debezium + "MicroTime"), (t, o) => o.Long(Micros(t))),
    };

    private ColumnType Timestamp(int precision) => modes.Time switch
    {
        TimeMode.Connect => Number(Schema.Int64.Named(Connect + "Timestamp"), WriteMillis),
        TimeMode.IsoString => Text("IsoTimestamp", WriteIsoTimestamp, "\"1970-01-01T00:00:00Z\""),
        TimeMode.Nanoseconds => Number(Schema.Int64.Named(Debezium + "NanoTimestamp"), WriteNanos),
        TimeMode.Microseconds => Number(Schema.Int64.Named(Debezium + "MicroTimestamp"), WriteMicros),
        _ when precision <= 3 => Number(Schema.Int64.Named(Debezium + "Timestamp"), WriteMillis),
        _ => Number(Schema.Int64.Named(Debezium + "MicroTimestamp"), WriteMicros),
    };

    private static ColumnType Number(Schema schema, ValueWriter writer) => new(schema, writer, "0", NoPlaceholder);

    private static ColumnType Text(string name, ValueWriter writer, string zero) =>
        new(Schema.String.Named(Debezium + name), writer, zero, NoPlaceholder);

    private static long Micros(ReadOnlySpan<byte> text) => TemporalText.TimeOfDay(ref text);

    private static void WriteDays(ReadOnlySpan<byte> text, JsonOutput output) => output.Long(DaysOf(text));

    private static long DaysOf(ReadOnlySpan<byte> text) => TemporalText.IsInfinity(text, out var negative)
        ? negative ? DateMinusInfinity : DateInfinity
        : TemporalText.Days(text);

    private static void WriteIsoDate(ReadOnlySpan<byte> text, JsonOutput output)
    {
        Span<byte> buffer = stackalloc byte[32];
        var length = TemporalText.FormatDate(DaysOf(text), buffer);
        buffer[length++] = (byte)'Z';
        output.String(buffer[..length]);
    }

    private static void WriteIsoTime(ReadOnlySpan<byte> text, JsonOutput output)
    {
        Span<byte> buffer = stackalloc byte[32];
        var length = TemporalText.FormatTime(Micros(text) % TemporalText.MicrosPerDay, -1, buffer);
        buffer[length++] = (byte)'Z';
        output.String(buffer[..length]);
    }

    private static void WriteZonedTime(ReadOnlySpan<byte> text, JsonOutput output)
    {
        Span<byte> buffer = stackalloc byte[32];
        var micros = TemporalText.TimeOfDay(ref text);
        var zone = TemporalText.ZoneMicros(text);
        var utc = micros - zone;
        if (zone != 0)
            utc = ((utc % TemporalText.MicrosPerDay) + TemporalText.MicrosPerDay) % TemporalText.MicrosPerDay;
        var length = TemporalText.FormatTime(utc, -1, buffer);
        buffer[length++] = (byte)'Z';
        output.String(buffer[..length]);
    }

    private static void WriteMicros(ReadOnlySpan<byte> text, JsonOutput output) => output.Long(
        TemporalText.IsInfinity(text, out var negative)
            ? negative ? long.MinValue : long.MaxValue
            : TemporalText.Epoch(TemporalText.Timestamp(text)));

    private static void WriteMillis(ReadOnlySpan<byte> text, JsonOutput output) => output.Long(
        TemporalText.IsInfinity(text, out var negative)
            ? negative ? MillisMinusInfinity : MillisInfinity
            : Millis(TemporalText.Timestamp(text)));

    /// <summary>Outside of 1677 to 2262 nanoseconds do not fit in 64 bits: null, as with Debezium.</summary>
    private static void WriteNanos(ReadOnlySpan<byte> text, JsonOutput output)
    {
        if (TemporalText.IsInfinity(text, out _))
        {
            output.Null();
            return;
        }
        var micros = TemporalText.Epoch(TemporalText.Timestamp(text));
        if (micros is > long.MaxValue / NanosPerMicro or < long.MinValue / NanosPerMicro)
            output.Null();
        else
            output.Long(micros * NanosPerMicro);
    }

    private static void WriteIsoTimestamp(ReadOnlySpan<byte> text, JsonOutput output)
    {
        if (TemporalText.IsInfinity(text, out var negative))
        {
            output.String(negative ? "-292275055-05-16T23:00:00Z"u8 : "+292278994-08-16T23:00:00Z"u8);
            return;
        }
        Span<byte> buffer = stackalloc byte[48];
        output.String(buffer[..TemporalText.FormatTimestamp(TemporalText.Timestamp(text), -1, buffer)]);
    }

    private static void WriteZonedTimestamp(ReadOnlySpan<byte> text, int precision, JsonOutput output)
    {
        if (TemporalText.IsInfinity(text, out _))
        {
            output.String(text);
            return;
        }
        Span<byte> buffer = stackalloc byte[48];
        output.String(buffer[..TemporalText.FormatTimestamp(TemporalText.Timestamp(text), precision, buffer)]);
    }

    private static string Zoned(int precision)
    {
        Span<byte> buffer = stackalloc byte[48];
        var length = TemporalText.FormatTimestamp((0, 0), precision, buffer);
        return $"\"{System.Text.Encoding.ASCII.GetString(buffer[..length])}\"";
    }

    private static long Millis((long Days, long Micros) time) =>
        time.Days * (TemporalText.MicrosPerDay / 1000) + time.Micros / 1000;
}
