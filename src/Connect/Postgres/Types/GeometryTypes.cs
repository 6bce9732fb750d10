using System.Buffers.Binary;
using Millrace.Connect.Converters;
using Millrace.Connect.Data;

namespace Millrace.Connect.Postgres.Types;

/// <summary>PostgreSQL's own geometric types as Debezium's structs with little-endian well-known binary.</summary>
internal static class GeometryTypes
{
    private const int WkbPoint = 1;
    private const int WkbLineString = 2;
    private const int WkbPolygon = 3;
    private const string Prefix = "io.debezium.data.geometry.";
    private static readonly byte[] NoPlaceholder = "null"u8.ToArray();

    private static readonly Schema PointSchema = Schema.Struct(Prefix + "Point", 1,
        new Field("x", Schema.Double), new Field("y", Schema.Double),
        new Field("wkb", Schema.Bytes.AsOptional()), new Field("srid", Schema.Int32.AsOptional())) with
    {
        Doc = "Geometry (POINT)",
    };

    private static readonly Schema GeometrySchema = Schema.Struct(Prefix + "Geometry", 2,
        new Field("wkb", Schema.Bytes), new Field("srid", Schema.Int32.AsOptional()),
        new Field("extensions", Schema.MapOf(Schema.String, Schema.String).AsOptional())) with
    {
        Doc = "Geometry",
    };

    private static readonly Schema LineSchema = Schema.Struct(Prefix + "Line", 1,
        new Field("a", Schema.Double), new Field("b", Schema.Double), new Field("c", Schema.Double)) with
    {
        Doc = "Geometry (LINE)",
    };

    private static readonly Schema CircleSchema = Schema.Struct(Prefix + "Circle", 1,
        new Field("center", PointSchema), new Field("radius", Schema.Double)) with
    {
        Doc = "Geometry (CIRCLE)",
    };

    public static ColumnType? TypeOf(string name) => name switch
    {
        "point" => Type(PointSchema, (text, output) => WritePoint(Numbers(text), output)),
        "line" => Type(LineSchema, WriteLine),
        "circle" => Type(CircleSchema, WriteCircle),
        "lseg" => Type(GeometrySchema, (text, output) => WriteGeometry(output, "lseg", LineString(Numbers(text)))),
        "box" => Type(GeometrySchema, (text, output) => WriteGeometry(output, "box", Polygon(Corners(Numbers(text))))),
        "polygon" => Type(GeometrySchema,
            (text, output) => WriteGeometry(output, "polygon", Polygon(Closed(Numbers(text))))),
        "path" => Type(GeometrySchema, (text, output) => WriteGeometry(output, "path", LineString(Numbers(text)),
            text is [(byte)'(', ..] ? "true" : "false")),
        _ => null,
    };

    private static ColumnType Type(Schema schema, ValueWriter writer) =>
        new(schema, writer, "null", NoPlaceholder, HasDefaults: false);

    private static void WritePoint(double[] xy, JsonOutput output)
    {
        output.Raw("{\"x\":"u8);
        JavaNumber.Write(xy[0], output);
        output.Raw(",\"y\":"u8);
        JavaNumber.Write(xy[1], output);
        output.Raw(",\"wkb\":"u8);
        output.Base64(Wkb(WkbPoint, [], xy));
        output.Raw(",\"srid\":null}"u8);
    }

    private static void WriteLine(ReadOnlySpan<byte> text, JsonOutput output)
    {
        var abc = Numbers(text);
        output.Raw("{\"a\":"u8);
        JavaNumber.Write(abc[0], output);
        output.Raw(",\"b\":"u8);
        JavaNumber.Write(abc[1], output);
        output.Raw(",\"c\":"u8);
        JavaNumber.Write(abc[2], output);
        output.Raw((byte)'}');
    }

    private static void WriteCircle(ReadOnlySpan<byte> text, JsonOutput output)
    {
        var numbers = Numbers(text);
        output.Raw("{\"center\":"u8);
        WritePoint(numbers[..2], output);
        output.Raw(",\"radius\":"u8);
        JavaNumber.Write(numbers[2], output);
        output.Raw((byte)'}');
    }

    private static void WriteGeometry(JsonOutput output, string type, byte[] wkb, string? closed = null)
    {
        output.Raw("{\"wkb\":"u8);
        output.Base64(wkb);
        output.Raw(",\"srid\":null,\"extensions\":{\"type\":\"");
        output.Raw(type);
        output.Raw(closed is null ? "\"}}" : $"\",\"closed\":\"{closed}\"}}}}");
    }

    private static byte[] LineString(double[] points) => Wkb(WkbLineString, [points.Length / 2], points);

    private static byte[] Polygon(double[] ring) => Wkb(WkbPolygon, [1, ring.Length / 2], ring);

    private static double[] Closed(double[] ring) => [.. ring, ring[0], ring[1]];

    /// <summary>The box (x1,y1),(x2,y2) as a closed ring that starts in its first corner.</summary>
    private static double[] Corners(double[] b) => [b[0], b[1], b[0], b[3], b[2], b[3], b[2], b[1], b[0], b[1]];

    private static byte[] Wkb(int type, ReadOnlySpan<int> counts, ReadOnlySpan<double> numbers)
    {
        var bytes = new byte[5 + counts.Length * 4 + numbers.Length * 8];
        bytes[0] = 1;
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(1), type);
        var at = 5;
        foreach (var count in counts)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), count);
            at += 4;
        }
        foreach (var number in numbers)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(at), number);
            at += 8;
        }
        return bytes;
    }

    private static double[] Numbers(ReadOnlySpan<byte> text)
    {
        var numbers = new List<double>(4);
        foreach (var part in text.SplitAny("(),[]<>{}"u8))
        {
            if (!text[part].IsEmpty)
                numbers.Add(JavaNumber.ParseDouble(text[part]));
        }
        return [.. numbers];
    }
}
