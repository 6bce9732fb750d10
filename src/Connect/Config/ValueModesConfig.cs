using System.Text;
using Millrace.Connect.Changes;
using Millrace.Connect.Postgres.Types;

namespace Millrace.Connect.Config;

/// <summary>The parts of a configuration that decide how values look.</summary>
internal static class ValueModesConfig
{
    public static ValueModes ValueModes(this ConnectorConfig config) => new()
    {
        Decimal = config.String("decimal.handling.mode") switch
        {
            "double" => DecimalMode.Double,
            "string" => DecimalMode.String,
            _ => DecimalMode.Precise,
        },
        Time = config.String("time.precision.mode") switch
        {
            "adaptive_time_microseconds" => TimeMode.AdaptiveTimeMicroseconds,
            "connect" => TimeMode.Connect,
            "isostring" => TimeMode.IsoString,
            "microseconds" => TimeMode.Microseconds,
            "nanoseconds" => TimeMode.Nanoseconds,
            _ => TimeMode.Adaptive,
        },
        Binary = config.String("binary.handling.mode") switch
        {
            "base64" => BinaryMode.Base64,
            "base64-url-safe" => BinaryMode.Base64UrlSafe,
            "hex" => BinaryMode.Hex,
            _ => BinaryMode.Bytes,
        },
        IntervalAsText = config.String("interval.handling.mode") == "string",
        HstoreAsMap = config.String("hstore.handling.mode") == "map",
        MoneyFractionDigits = config.Int("money.fraction.digits"),
        UnknownAsBytes = config.Bool("include.unknown.datatypes"),
        Placeholder = Placeholder(config.String("unavailable.value.placeholder")),
    };

    public static ConverterSettings ConverterSettings(this ConnectorConfig config) => new(
        config.Bool("key.converter.schemas.enable"), config.Bool("value.converter.schemas.enable"),
        config.Bool("key.converter.replace.null.with.default"),
        config.Bool("value.converter.replace.null.with.default"));

    private static byte[] Placeholder(string text)
    {
        if (!text.StartsWith("hex:", StringComparison.Ordinal))
            return Encoding.UTF8.GetBytes(text);
        try
        {
            return Convert.FromHexString(text["hex:".Length..]);
        }
        catch (FormatException)
        {
            throw new ConfigException("unavailable.value.placeholder", text, "needs hexadecimal digits after hex:");
        }
    }
}
