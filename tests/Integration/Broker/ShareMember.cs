using System.Globalization;
using Millrace.Shared;

namespace Millrace.Integration.Broker;

/// <summary>A delivery to a member of a share group, or the broker's answer to its acknowledgement.</summary>
internal readonly record struct ShareEvent(long At, string What, int Partition, long Offset, int Deliveries);

/// <summary>Kafka's own Java share consumer, in a process of its own; what it tells is kept in order.</summary>
internal sealed class ShareMember : IAsyncDisposable
{
    private readonly ChildProcess _process;
    private readonly List<ShareEvent> _events = [];
    private readonly Task _reading;
    private bool _hasLeft;

    public ShareMember(string bootstrap, string group, string topic, string mode)
    {
        _process = ChildProcess.Start("env", Arguments(bootstrap, group, topic, mode));
        _reading = Task.Run(Read);
    }

    public IReadOnlyList<ShareEvent> Events
    {
        get
        {
            lock (_events)
                return [.. _events];
        }
    }

    /// <summary>Has the group begin at the earliest records.</summary>
    public static Task Begin(string bootstrap, string group) =>
        ChildProcess.Run("", "env", Arguments(bootstrap, group, "none", "earliest"));

    public async Task Leave()
    {
        using var deadline = ChildProcess.Deadline();
        _process.Input.Close();
        await _reading.WaitAsync(deadline.Token);
        Assert.True(_hasLeft, ToString());
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    public override string ToString() => $"{Events.Count} events, {_process.Errors}";

    private static string[] Arguments(params string[] arguments) =>
    [
        "JVM=-XX:TieredStopAtLevel=1", "HEAP=128m", Peers.Program("java-run"),
        Checkout.File("tests", "Clients", "java", "ShareMember.java"), .. arguments,
    ];

    private async Task Read()
    {
        while (await _process.Output.ReadLineAsync() is { } line)
        {
            var words = line.Split(' ');
            if (words is [_, "left"])
                _hasLeft = true;
            else if (words is [var at, var what, var partition, var offset, ..])
                Keep(new ShareEvent(
                    Number(at), what, (int)Number(partition), Number(offset),
                    words.Length > 4 ? (int)Number(words[4]) : 0));
        }
    }

    private void Keep(ShareEvent told)
    {
        lock (_events)
            _events.Add(told);
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
