using Millrace.Connect.Config;

namespace Millrace.Unit.Connect;

public sealed class PropertiesFileTests
{
    [Fact]
    public void ReadsEverySeparatorCommentAndContinuation()
    {
        var properties = PropertiesFile.Parse("# c\n! c\n\na=1\nb : 2\r\nc 3\n  d\t=  4 \ne\nf=x,\\\n   y\nempty=\n");
        Assert.Equal("1", properties["a"]);
        Assert.Equal("2", properties["b"]);
        Assert.Equal("3", properties["c"]);
        Assert.Equal("4 ", properties["d"]);
        Assert.Equal("", properties["e"]);
        Assert.Equal("x,y", properties["f"]);
        Assert.Equal("", properties["empty"]);
    }

    [Fact]
    public void ReadsEscapes()
    {
        var properties = PropertiesFile.Parse(
            "a\\=b\\ c=\\u017elu\\u0165\\t\\\\\nregex=public\\\\.a\nlast=1\nlast=2\n");
        Assert.Equal("žluť\t\\", properties["a=b c"]);
        Assert.Equal("public\\.a", properties["regex"]);
        Assert.Equal("2", properties["last"]);
    }

    [Fact]
    public void BrokenEscapeIsAnError() =>
        Assert.Throws<ConfigException>(() => PropertiesFile.Parse("a=\\u12"));
}
