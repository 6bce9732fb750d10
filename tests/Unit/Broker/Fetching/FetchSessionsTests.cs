using Millrace.Broker.Fetching;
using Millrace.Core.Model;
using Millrace.Protocol.Messages;
using Millrace.Unit.Simulated;

namespace Millrace.Unit.Broker.Fetching;

/// <summary>Which sessions are kept when there are more than there is room for.</summary>
public sealed class FetchSessionsTests
{
    private readonly FetchSessions _sessions = new(2, new CountedIds());

    [Fact]
    public void TooManyAreNotKept()
    {
        Add(partitions: 1, at: 0);
        Add(partitions: 1, at: 0);

        Assert.Equal(0, Add(partitions: 9, at: 120_000).Id);
    }

    [Fact]
    public void TheLeastUsedGivesWayWhenItWasIdleForTwoMinutes()
    {
        var unused = Add(partitions: 9, at: 0);
        var used = Add(partitions: 1, at: 0);
        _sessions.Touch(used, new Instant(60_000));

        Assert.NotEqual(0, Add(partitions: 1, at: 120_001).Id);
        Assert.Null(_sessions.Find(unused.Id));
        Assert.Same(used, _sessions.Find(used.Id));
    }

    [Theory]
    [InlineData(3, true)]
    [InlineData(2, false)]
    public void AnOldOneGivesWayToALargerOne(int partitions, bool isKept)
    {
        var large = Add(partitions: 3, at: 0);
        var small = Add(partitions: 2, at: 0);
        _sessions.Touch(large, new Instant(130_000));
        _sessions.Touch(small, new Instant(130_000));

        Assert.Equal(isKept, Add(partitions, at: 130_000).Id != 0);
        Assert.Equal(isKept, _sessions.Find(small.Id) is null);
        Assert.NotNull(_sessions.Find(large.Id));
    }

    [Fact]
    public void AllTogetherHoldSoManyPartitionsAndNoMore()
    {
        var session = Add(partitions: 1, at: 0);
        session.Update(Request((int)FetchSessions.MostWeight - 1, from: 1));
        Assert.True(_sessions.Touch(session, new Instant(0)));
        Assert.Equal(0, Add(partitions: 1, at: 0).Id);

        session.Update(Request(1, from: 1_000_000));

        Assert.False(_sessions.Touch(session, new Instant(0)));
        Assert.Null(_sessions.Find(session.Id));
        Assert.NotEqual(0, Add(partitions: 1, at: 0).Id);
    }

    [Fact]
    public void ALongNameWeighsMore()
    {
        var session = new FetchSession();
        session.Update(Request(10, from: 0, topic: new string('a', 6400)));
        Assert.Equal(1010, session.Weight);

        var forgotten = new FetchRequest();
        forgotten.ForgottenTopicsData.Add(new() { Topic = new string('a', 6400), Partitions = [0, 1, 99] });
        session.Update(forgotten);

        Assert.Equal(808, session.Weight);
        Assert.Equal(8, session.Count);
    }

    private FetchSession Add(int partitions, long at)
    {
        var session = new FetchSession();
        session.Update(Request(partitions, from: 0));
        _sessions.TryAdd(session, new Instant(at));
        return session;
    }

    private static FetchRequest Request(int partitions, int from, string topic = "t")
    {
        var asked = new FetchRequest.FetchTopic { Topic = topic };
        for (var i = 0; i < partitions; i++)
            asked.Partitions.Add(new() { Partition = from + i });
        return new FetchRequest { Topics = [asked] };
    }
}
