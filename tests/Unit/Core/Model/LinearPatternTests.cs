using Millrace.Core.Configs;
using Millrace.Core.Model;

namespace Millrace.Unit.Core.Model;

/// <summary>Which regular expressions of strangers are taken.</summary>
public sealed class LinearPatternTests
{
    [Theory]
    [InlineData("shop-[0-9]+", "shop-12", true)]
    [InlineData("shop-[0-9]+", "my-shop-12", false)]
    [InlineData("a|ab", "ab", true)]
    [InlineData("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "01234567-89ab-cdef-0123-456789abcdef", true)]
    public void TheWholeTextMustMatch(string text, string of, bool expected)
    {
        Assert.True(LinearPattern.TryParse(text, out var pattern, out var problem), problem);
        Assert.Equal(expected, pattern.Matches(of));
    }

    [Theory]
    [InlineData("(")]
    [InlineData("a)|(b")]
    [InlineData(@"(a)\1")]
    [InlineData(".*a.{800}b")]
    [InlineData("(.*a.{9}){40}b")]
    public void IsRefused(string text)
    {
        Assert.False(LinearPattern.TryParse(text, out _, out var problem));
        Assert.NotEmpty(problem);
    }

    [Fact]
    public void ATextThatIsTooLongIsRefused() =>
        Assert.False(LinearPattern.TryParse(
            new string('|', LinearPattern.MostCharacters + 1), out _, out _));

    [Theory]
    [InlineData("client_id=a.*, client_software_name=b", true)]
    [InlineData("client_id=a)|(b", false)]
    [InlineData("client_id=.*a.{800}b", false)]
    [InlineData("client=a", false)]
    public void AMatchOfClientsHasSuchPatterns(string text, bool expected) =>
        Assert.Equal(expected, ClientMatch.TryParse(text, out _));
}
