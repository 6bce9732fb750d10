using Millrace.Commands;

namespace Millrace.Unit.Demo;

/// <summary>Option values that the demo can't run with are refused before anything is started.</summary>
public sealed class DemoCommandTests
{
    [Theory]
    [InlineData("--seconds", "9")]
    [InlineData("--seconds", "86401")]
    [InlineData("--rate", "0")]
    [InlineData("--postgres", "/nosuch")]
    public async Task ABadValueIsAUsageError(params string[] arguments) =>
        Assert.Equal(ExitCode.Usage, await DemoCommand.Create().Parse(arguments)
            .InvokeAsync(cancellationToken: TestContext.Current.CancellationToken));
}
