using Millrace.Connect.Postgres;

namespace Millrace.Unit.Connect;

public sealed class LsnTests
{
    [Theory]
    [InlineData("0/0", 0UL)]
    [InlineData("16/B374D848", 0x16B374D848UL)]
    [InlineData("FFFFFFFF/FFFFFFFF", ulong.MaxValue)]
    public void ReadsAndPrintsAsTheServer(string text, ulong value)
    {
        Assert.Equal(value, Lsn.Parse(text).Value);
        Assert.Equal(text, new Lsn(value).ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("/1")]
    [InlineData("1/")]
    [InlineData("123456789/0")]
    [InlineData("x/y")]
    public void RefusesOtherText(string text) => Assert.False(Lsn.TryParse(text, out _));
}
