using System.Text;
using Millrace.Connect.Converters;
using Millrace.Connect.Postgres.Types;

namespace Millrace.Unit.Connect;

public sealed class TypeMappingTests
{
    private const int Unbounded = -1;

    [Theory]
    [InlineData("numeric", 10 << 16 | 2 + 4, "-12345678.90", "\"tmn9Lg==\"")]
    [InlineData("numeric", 10 << 16 | 2 + 4, "0.00", "\"AA==\"")]
    [InlineData("numeric", 10 << 16 | 2 + 4, "NaN", "null")]
    [InlineData("numeric", Unbounded, "1.50", "{\"scale\":1,\"value\":\"Dw==\"}")]
    [InlineData("numeric", Unbounded, "123456789012345678901234567890.123456789",
        "{\"scale\":9,\"value\":\"XODppWAV/sWq36MorjmBFQ==\"}")]
    [InlineData("date", Unbounded, "0044-03-15 BC", "-735160")]
    [InlineData("timestamp", 3, "2024-02-29 13:51:30.123", "1709214690123")]
    [InlineData("timestamp", Unbounded, "1969-12-31 23:59:59.999999", "-1")]
    [InlineData("timestamptz", Unbounded, "0044-03-15 12:00:00.5+00 BC", "\"-0043-03-15T12:00:00.500000Z\"")]
    [InlineData("timetz", Unbounded, "23:59:59.999999-11:30", "\"11:29:59.999999Z\"")]
    [InlineData("time", Unbounded, "24:00:00", "86400000000")]
    [InlineData("interval", Unbounded, "P1Y2M3DT4H5M6.789012S", "37091106789012")]
    [InlineData("bit", 8, "10101010", "\"qg==\"")]
    [InlineData("bytea", Unbounded, "\\x0102", "\"AQI=\"")]
    [InlineData("money", Unbounded, "-$1,234.56", "\"/h3A\"")]
    [InlineData("point", Unbounded, "(1.5,-2)",
        "{\"x\":1.5,\"y\":-2.0,\"wkb\":\"AQEAAAAAAAAAAAD4PwAAAAAAAADA\",\"srid\":null}")]
    [InlineData("hstore", Unbounded, "\"a\"=>\"1\", \"b\"=>NULL", "\"{\\\"a\\\":\\\"1\\\",\\\"b\\\":null}\"")]
    [InlineData("pg_lsn", Unbounded, "16/B374D848", "\"16/B374D848\"")]
    public void WritesValues(string type, int typMod, string text, string expected) =>
        Assert.Equal(expected, Written(Mapping(type).Resolve(1, typMod), text));

    [Theory]
    [InlineData(1, "{1,NULL,3}", "[1,null,3]")]
    [InlineData(1, "[0:1]={5,6}", "[5,6]")]
    [InlineData(1, "{}", "[]")]
    [InlineData(2, "{{1,2},{3,NULL}}", "[[1,2],[3,null]]")]
    [InlineData(1, "{{1,2},{3,4}}", "[1,2,3,4]")]
    [InlineData(2, "{1,2}", "[[1,2]]")]
    public void ArraysKeepEveryElement(int dimensions, string text, string expected) =>
        Assert.Equal(expected, Written(Mapping("int4").Resolve(2, Unbounded, dimensions), text));

    [Fact]
    public void QuotedArrayElementsAreUnescaped() => Assert.Equal("[\"q\\\"u\",\"b\\\\s\",null,\"NULL\",\"\",\"{x}\"]",
        Written(Mapping("text").Resolve(2, Unbounded), "{\"q\\\"u\",\"b\\\\s\",NULL,\"NULL\",\"\",\"{x}\"}"));

    private static TypeMapping Mapping(string name) => new(new ValueModes(), new Dictionary<uint, PgType>
    {
        [1] = new PgType(1, name, 'b', 0, 0, -1),
        [2] = new PgType(2, "_" + name, 'b', 1, 0, -1),
    });

    private static string Written(ColumnType type, string text)
    {
        var output = new JsonOutput();
        type.Write(Encoding.UTF8.GetBytes(text), output);
        return Encoding.UTF8.GetString(output.Written);
    }
}
