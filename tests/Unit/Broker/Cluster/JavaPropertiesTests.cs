using Millrace.Broker.Cluster;

namespace Millrace.Unit.Broker.Cluster;

/// <summary>What Java's own reader makes of a properties file.</summary>
public sealed class JavaPropertiesTests
{
    [Theory]
    [InlineData("#\n#Tue Nov 24 22:28:13 UTC 2026\nnode.id=1\n! no\nnode.id=2", "node.id", "2")]
    [InlineData("  a = b c ", "a", "b c ")]
    [InlineData("a:b", "a", "b")]
    [InlineData("a\tb", "a", "b")]
    [InlineData("a", "a", "")]
    [InlineData("a\\=b=c", "a=b", "c")]
    [InlineData("a=one \\\r\n   two", "a", "one two")]
    [InlineData("a=\\u00e9\\t\\q\\\\", "a", "é\tq\\")]
    [InlineData("a=x\\", "a", "x")]
    public void Reads(string text, string key, string value) =>
        Assert.Equal(value, JavaProperties.Parse(text)[key]);
}
