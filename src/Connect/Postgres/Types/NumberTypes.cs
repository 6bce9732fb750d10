using System.Globalization;
using System.Text;
using Millrace.Connect.Converters;
using Millrace.Connect.Data;

namespace Millrace.Connect.Postgres.Types;

/// <summary>Booleans, integers, floating point numbers, numeric and money.</summary>
internal sealed class NumberTypes(ValueModes modes)
{
    private const int TypModHeader = 4;
    private static readonly byte[] NoPlaceholder = "null"u8.ToArray();

    public ColumnType? TypeOf(string name, int typMod) => name switch
    {
        "bool" => new ColumnType(Schema.Boolean, (text, output) => output.Bool(text is [(byte)'t', ..]), "false",
            NoPlaceholder),
        "int2" => Integer(Schema.Int16),
        "int4" => Integer(Schema.Int32),
        "int8" or "oid" => Integer(Schema.Int64),
        "float4" => new ColumnType(Schema.Float, JavaNumber.Write, "0.0", NoPlaceholder),
        "float8" => new ColumnType(Schema.Double, JavaNumber.Write, "0.0", NoPlaceholder),
        "numeric" => Numeric(typMod),
        "money" => Money(),
        _ => null,
    };

    private static ColumnType Integer(Schema schema) =>
        new(schema, (text, output) => output.Raw(text), "0", NoPlaceholder);

    private ColumnType Numeric(int typMod)
    {
        switch (modes.Decimal)
        {
            case DecimalMode.Double:
                return AsDouble((text, output) => JavaNumber.Write(Parse(text), output));
            case DecimalMode.String:
                return new ColumnType(Schema.String, WriteText, "\"0\"", NoPlaceholder);
        }
        if (typMod < TypModHeader)
        {
            var schema = Schema.Struct("io.debezium.data.VariableScaleDecimal", 1,
                new Field("scale", Schema.Int32), new Field("value", Schema.Bytes));
            return new ColumnType(schema with { Doc = "Variable scaled decimal" },
                (text, output) => WriteFinite(text, output, NumericText.WriteVariableScale),
                "{\"scale\":0,\"value\":\"AA==\"}", NoPlaceholder, HasDefaults: false);
        }
        var precision = ((typMod - TypModHeader) >> 16) & 0xFFFF;
        var scale = Scale(typMod);
        return new ColumnType(Decimal(scale, precision),
            (text, output) => WriteFinite(text, output, (t, o) => NumericText.WriteUnscaled(t, Math.Max(scale, 0), o)),
            "\"AA==\"", NoPlaceholder);
    }

    private ColumnType Money()
    {
        var digits = modes.MoneyFractionDigits;
        return modes.Decimal switch
        {
            DecimalMode.Double => AsDouble(
                (text, output) => Plain(text, output, (plain, o) => JavaNumber.Write(Parse(plain), o))) with
            {
                HasDefaults = false,
            },
            DecimalMode.String => new ColumnType(Schema.String,
                (text, output) => Plain(text, output, (plain, o) => o.String(plain)), "\"0\"", NoPlaceholder, false),
            _ => new ColumnType(Decimal(digits, 0),
                (text, output) => Plain(text, output, (plain, o) => NumericText.WriteUnscaled(plain, digits, o)),
                "\"AA==\"", NoPlaceholder, false),
        };
    }

    private static ColumnType AsDouble(ValueWriter writer) => new(Schema.Double, writer, "0.0", NoPlaceholder);

    /// <summary>A scale of PostgreSQL 15 is an 11-bit two's complement; below zero the text has no fraction.</summary>
    private static int Scale(int typMod) => (((typMod - TypModHeader) & 0x7FF) ^ 1024) - 1024;

    private static Schema Decimal(int scale, int precision)
    {
        var text = Math.Max(scale, 0).ToString(CultureInfo.InvariantCulture);
        return precision == 0
            ? Schema.Bytes.Named("org.apache.kafka.connect.data.Decimal", 1, ("scale", text))
            : Schema.Bytes.Named("org.apache.kafka.connect.data.Decimal", 1, ("scale", text),
                ("connect.decimal.precision", precision.ToString(CultureInfo.InvariantCulture)));
    }

    /// <summary>Connect's Decimal knows neither NaN nor infinity: they become null, as with Debezium.</summary>
    private static void WriteFinite(ReadOnlySpan<byte> text, JsonOutput output, ValueWriter writer)
    {
        if (NumericText.IsFinite(text))
            writer(text, output);
        else
            output.Null();
    }

    private static void WriteText(ReadOnlySpan<byte> text, JsonOutput output) => output.String(text switch
    {
        [(byte)'N', ..] => "NAN"u8,
        [(byte)'I', ..] => "POSITIVE_INFINITY"u8,
        [(byte)'-', (byte)'I', ..] => "NEGATIVE_INFINITY"u8,
        _ => text,
    });

    private static double Parse(ReadOnlySpan<byte> text) => text switch
    {
        [(byte)'N', ..] => double.NaN,
        [(byte)'I', ..] => double.PositiveInfinity,
        [(byte)'-', (byte)'I', ..] => double.NegativeInfinity,
        _ => JavaNumber.ParseDouble(text),
    };

    /// <summary>Money of the C locale without currency sign and grouping; both sessions set that locale.</summary>
    private static void Plain(ReadOnlySpan<byte> text, JsonOutput output, ValueWriter writer)
    {
        Span<byte> plain = stackalloc byte[32];
        var length = 0;
        foreach (var c in text)
        {
            if (c is (byte)'-' or (byte)'.' or (>= (byte)'0' and <= (byte)'9'))
            {
                if (length == plain.Length)
                    throw new FormatException($"'{Encoding.UTF8.GetString(text)}' is not an amount of money");
                plain[length++] = c;
            }
        }
        writer(plain[..length], output);
    }
}
