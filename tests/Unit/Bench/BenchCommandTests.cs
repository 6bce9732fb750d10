using Millrace.Bench.Commands;

namespace Millrace.Unit.Bench;

public sealed class BenchCommandTests
{
    [Theory]
    [InlineData("produce --connections 0", "--connections 0: give a number from 1 to 1000.")]
    [InlineData("produce --batch-size 16X", "--batch-size 16X: give a size from 1 bytes to 67108864, such as 16KiB.")]
    [InlineData("fetch --seconds x", "--seconds x: give seconds from 0 to 86400, such as 0.5.")]
    public void A_value_that_is_none_is_told_in_one_line(string arguments, string expected) =>
        Assert.Equal(expected, BenchCommand.Create().Parse(arguments).Errors.Single().Message);

    [Theory]
    [InlineData("produce --idempotent --acks 1")]
    [InlineData("produce --idempotent --acks all --in-flight 6")]
    [InlineData("produce --seconds 0")]
    [InlineData("produce --bootstrap nowhere")]
    [InlineData("fetch --bootstrap nowhere:0")]
    public async Task Options_that_do_not_go_together_end_with_2(string arguments) =>
        Assert.Equal(
            2,
            await BenchCommand.Create().Parse(arguments)
                .InvokeAsync(cancellationToken: TestContext.Current.CancellationToken));

    [Theory]
    [InlineData("0", 0)]
    [InlineData("100", 100)]
    [InlineData("100B", 100)]
    [InlineData("16K", 16_384)]
    [InlineData("16KiB", 16_384)]
    [InlineData("1mb", 1_048_576)]
    [InlineData("20G", 21_474_836_480)]
    public void Sizes(string text, long bytes)
    {
        Assert.True(ByteSize.TryParse(text, out var parsed));
        Assert.Equal(bytes, parsed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("K")]
    [InlineData("-1")]
    [InlineData("1X")]
    [InlineData("1Kx")]
    [InlineData("9999999999G")]
    [InlineData("99999999999999999999")]
    public void No_sizes(string text) => Assert.False(ByteSize.TryParse(text, out _));
}
