namespace Millrace.Shared;

/// <summary>Waits for what nobody tells: a server's state, seen through its ports and files.</summary>
internal static class Poll
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static Task Until(Func<bool> condition, Func<string> state) =>
        Until(() => Task.FromResult(condition()), state);

    /// <summary>Returns once the condition holds; fails, saying the state, when it does not come to that.</summary>
    public static async Task Until(Func<Task<bool>> condition, Func<string> state)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(Patience);
        using var timer = new PeriodicTimer(Interval);
        while (!await condition())
        {
            try
            {
                await timer.WaitForNextTickAsync(deadline.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail(state());
            }
        }
    }
}
