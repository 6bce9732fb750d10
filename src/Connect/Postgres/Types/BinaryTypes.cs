using System.Buffers;
using System.Globalization;
using System.Text;
using Millrace.Connect.Converters;
using Millrace.Connect.Data;

namespace Millrace.Connect.Postgres.Types;

/// <summary>bytea in the form of binary.handling.mode, bit and varbit.</summary>
internal sealed class BinaryTypes(ValueModes modes)
{
    private const int Unlimited = int.MaxValue;

    public ColumnType? TypeOf(string name, int typMod) => name switch
    {
        "bytea" => Bytea(),
        "bit" when typMod is 1 or -1 =>
            new ColumnType(Schema.Boolean, (text, output) => output.Bool(text is [(byte)'1', ..]), "false", Null),
        "bit" => Bits(typMod),
        "varbit" => Bits(typMod > 0 ? typMod : Unlimited),
        _ => null,
    };

    private static byte[] Null => "null"u8.ToArray();

    public static byte[] Base64Of(ValueModes modes) => Written(output => output.Base64(modes.Placeholder));

    private ColumnType Bytea() => modes.Binary switch
    {
        BinaryMode.Hex => new ColumnType(Schema.String, (text, output) => output.String(text[2..]), "\"\"",
            Written(output => output.String(modes.Placeholder)), false),
        BinaryMode.Base64UrlSafe => new ColumnType(Schema.String, WriteUrlSafe, "\"\"", Base64Of(modes), false),
        BinaryMode.Base64 => new ColumnType(Schema.String, WriteBase64, "\"\"", Base64Of(modes), false),
        _ => new ColumnType(Schema.Bytes, WriteBase64, "\"\"", Base64Of(modes), false),
    };

    private static ColumnType Bits(int length) => new(
        Schema.Bytes.Named("io.debezium.data.Bits", 1, ("length", length.ToString(CultureInfo.InvariantCulture))),
        WriteBits, "\"\"", Null);

    private static void WriteBase64(ReadOnlySpan<byte> text, JsonOutput output)
    {
        var bytes = ArrayPool<byte>.Shared.Rent(text.Length / 2);
        output.Base64(bytes.AsSpan(0, FromHex(text, bytes)));
        ArrayPool<byte>.Shared.Return(bytes);
    }

    private static void WriteUrlSafe(ReadOnlySpan<byte> text, JsonOutput output)
    {
        var bytes = new byte[text.Length / 2];
        var encoded = Convert.ToBase64String(bytes.AsSpan(0, FromHex(text, bytes)));
        output.String(encoded.Replace('+', '-').Replace('/', '_'));
    }

    /// <summary>Bits as an integer in little-endian bytes, zero bytes at the end cut off.</summary>
    private static void WriteBits(ReadOnlySpan<byte> text, JsonOutput output)
    {
        var bytes = new byte[(text.Length + 7) / 8];
        for (var i = 0; i < text.Length; i++)
        {
            if (text[text.Length - 1 - i] == '1')
                bytes[i / 8] |= (byte)(1 << (i % 8));
        }
        output.Base64(bytes.AsSpan().TrimEnd((byte)0));
    }

    private static int FromHex(ReadOnlySpan<byte> text, Span<byte> bytes)
    {
        if (text is not [(byte)'\\', (byte)'x', .. var digits]
            || Convert.FromHexString(digits, bytes, out _, out var written) != OperationStatus.Done)
            throw new FormatException("bytea is not in hexadecimal form: " + Encoding.ASCII.GetString(text[..2]));
        return written;
    }

    private static byte[] Written(Action<JsonOutput> write)
    {
        var output = new JsonOutput();
        write(output);
        return output.ToArray();
    }
}
