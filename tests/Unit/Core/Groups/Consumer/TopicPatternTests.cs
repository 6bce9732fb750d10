using Millrace.Core.Groups.Consumer;
using Millrace.Core.Model;

namespace Millrace.Unit.Core.Groups.Consumer;

/// <summary>RE2J's syntax: what Kafka 4.4 took and what it refused with INVALID_REGULAR_EXPRESSION.</summary>
public sealed class TopicPatternTests
{
    [Theory]
    [InlineData(".*")]
    [InlineData("a{1000}")]
    [InlineData("(?P<x>a)")]
    [InlineData("(?<x>a)")]
    [InlineData("(?i)A")]
    [InlineData("[[:alpha:]]+")]
    [InlineData(@"\Qa.b\E")]
    [InlineData(@"\pL")]
    [InlineData(@"\p{Greek}")]
    [InlineData("a{,5}")]
    [InlineData("{")]
    [InlineData("]")]
    [InlineData("a|b")]
    [InlineData(@"\z")]
    [InlineData(@"\x{61}")]
    [InlineData("(?U)a")]
    [InlineData("[]a]")]
    [InlineData("[^]a]")]
    [InlineData("[[.a.]]")]
    [InlineData(@"\d\w\s\b")]
    public void IsTaken(string text) => Assert.True(TopicPattern.TryParse(text, out _, out var problem), problem);

    [Fact]
    public void ATextThatIsTooLongIsRefused()
    {
        Assert.True(TopicPattern.TryParse(new string('a', 1000), out _, out _));
        Assert.False(TopicPattern.TryParse(new string('a', 1001), out _, out _));
    }

    [Theory]
    [InlineData("(")]
    [InlineData("[a")]
    [InlineData("*")]
    [InlineData("a**")]
    [InlineData("a++")]
    [InlineData("a{1001}")]
    [InlineData("a{2000}")]
    [InlineData("(?x)a")]
    [InlineData("(?=a)")]
    [InlineData(@"\1")]
    [InlineData(@"(a)\1")]
    [InlineData(@"\p{Foo}")]
    [InlineData(")")]
    [InlineData(@"\Z")]
    [InlineData("[a-")]
    [InlineData("[z-a]")]
    [InlineData(@"\y")]
    [InlineData("(?#c)a")]
    [InlineData("a{2,1}")]
    [InlineData(@"\")]
    [InlineData("(?:a")]
    [InlineData(@"\C")]
    public void IsRefused(string text)
    {
        Assert.False(TopicPattern.TryParse(text, out _, out var problem));
        Assert.NotEmpty(problem);
    }

    [Theory]
    [InlineData("a.*", "abc", true)]
    [InlineData("a", "ab", false)]
    [InlineData("b", "ab", false)]
    [InlineData("a|bc", "bc", true)]
    [InlineData("a|b", "ac", false)]
    [InlineData("(?i)orders", "ORDERS", true)]
    [InlineData(@"\Qa.b\E", "a.b", true)]
    [InlineData(@"\Qa.b\E", "axb", false)]
    [InlineData("[[:digit:]]+", "123", true)]
    [InlineData("[^[:digit:]]+", "123", false)]
    [InlineData("[[:alpha:]-]+", "a-b", true)]
    [InlineData(@"\p{Greek}", "a", false)]
    [InlineData(@"\P{Greek}", "a", true)]
    [InlineData(@"\p{Latin}+", "abc", true)]
    [InlineData(@"\pL+", "abc", true)]
    [InlineData("(?P<n>a)(?<m>b)", "ab", true)]
    [InlineData("(?i:a)b", "Ab", true)]
    [InlineData("(?-i)a", "a", true)]
    [InlineData(@"\x{61}b", "ab", true)]
    [InlineData("a{,2}", "a{,2}", true)]
    [InlineData("[]a]", "]", true)]
    [InlineData("(?i-s)A", "a", true)]
    [InlineData("a{2}", "aa", true)]
    [InlineData("a{1,}", "aaa", true)]
    [InlineData("a{1,2}", "aaa", false)]
    [InlineData("a{2", "a{2", true)]
    [InlineData("a{2,", "a{2,", true)]
    [InlineData("a{}", "a{}", true)]
    public void MatchesWholeNames(string text, string topic, bool expected)
    {
        Assert.True(TopicPattern.TryParse(text, out var pattern, out var problem), problem);
        Assert.Equal(expected, pattern.Matches(topic));
    }

    [Fact]
    public void LengthAndDepthAreLimited()
    {
        string Nested(int depth) => new string('(', depth) + "a" + new string(')', depth);

        var longest = string.Concat(Enumerable.Repeat("(?:)", LinearPattern.MostCharacters / 4));
        Assert.True(TopicPattern.TryParse(longest, out _, out _));
        Assert.False(TopicPattern.TryParse(longest + "a", out _, out var problem));
        Assert.Contains("longer", problem);
        Assert.True(TopicPattern.TryParse(Nested(TopicPattern.MaxDepth), out var pattern, out _));
        Assert.True(pattern.Matches("a"));
        Assert.False(TopicPattern.TryParse(Nested(TopicPattern.MaxDepth + 1), out _, out problem));
        Assert.Contains("groups", problem);
        Assert.True(TopicPattern.TryParse(string.Concat(Enumerable.Repeat("(a)(?i)", 142)), out _, out _));
    }
}
