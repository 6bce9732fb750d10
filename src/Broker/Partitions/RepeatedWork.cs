namespace Millrace.Broker.Partitions;

/// <summary>
/// Does what is tried again and again, and tells of it once when the disk begins to refuse it, and once when that is
/// over. Owned by whoever does the work, on its loop.
/// </summary>
internal sealed class RepeatedWork(Action<string> log)
{
    private readonly HashSet<string> _failing = [];

    /// <summary>False where the disk refuses it.</summary>
    /// <param name="what">What the line begins with, such as <c>orders-0</c>.</param>
    /// <param name="problem">How it goes on when the work fails, such as <c>can't be opened</c>.</param>
    /// <param name="success">How it goes on when the work is done after all, such as <c>is open</c>.</param>
    public bool Try(Action work, string what, string problem, string success)
    {
        try
        {
            work();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            if (_failing.Add(what))
                log($"{what} {problem}: {failure.Message}");
            return false;
        }

        if (_failing.Remove(what))
            log($"{what} {success}.");
        return true;
    }
}
