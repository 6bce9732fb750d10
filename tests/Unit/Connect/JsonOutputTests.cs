using System.Text;
using Millrace.Connect.Converters;

namespace Millrace.Unit.Connect;

public sealed class JsonOutputTests
{
    [Theory]
    [InlineData("1e+20", "1.0E20")]
    [InlineData("1e-04", "1.0E-4")]
    [InlineData("0.0001", "1.0E-4")]
    [InlineData("0.001", "0.001")]
    [InlineData("-0", "-0.0")]
    [InlineData("0", "0.0")]
    [InlineData("1.6777216e+07", "1.6777216E7")]
    [InlineData("9999999", "9999999.0")]
    [InlineData("10000000", "1.0E7")]
    [InlineData("123456.7", "123456.7")]
    [InlineData("123456789.123", "1.23456789123E8")]
    [InlineData("-1.7976931348623157e+308", "-1.7976931348623157E308")]
    [InlineData("NaN", "\"NaN\"")]
    [InlineData("-Infinity", "\"-Infinity\"")]
    public void FloatsPrintAsInJava(string text, string expected)
    {
        var output = new JsonOutput();
        JavaNumber.Write(Encoding.ASCII.GetBytes(text), output);
        Assert.Equal(expected, Encoding.UTF8.GetString(output.Written));
    }

    [Fact]
    public void StringsAreEscapedAsByJackson()
    {
        var output = new JsonOutput();
        output.String("a\"\\/\b\f\n\r\t\u0001žluť\u2028😀z");
        Assert.Equal("\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001žluť\u2028\\uD83D\\uDE00z\"",
            Encoding.UTF8.GetString(output.Written));
    }

    [Fact]
    public void BrokenUtf8IsReplacedAndDoesNotHang()
    {
        var output = new JsonOutput();
        output.String([(byte)'a', 0xF0, 0x9F, (byte)'b', 0xFF]);
        Assert.Equal("\"a\uFFFDb\uFFFD\"", Encoding.UTF8.GetString(output.Written));
    }
}
