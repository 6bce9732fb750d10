namespace Millrace.Unit.Core.Groups.Consumer;

/// <summary>Subscriptions by regular expression: matched after the answer, again when there are other topics.</summary>
public sealed class RegexTests
{
    private readonly Shard _shard = Consumers.Shard("aa:1", "b:1");

    [Fact]
    public void TheFirstAnswerHasNoAssignmentYet()
    {
        Assert.Equal("1:", Enter("a", "a.*"));
        Assert.Equal("1", _shard.Beat("a", 1));
        _shard.Wait(10);

        Assert.Equal("2: a0", _shard.Beat("a", 1));
        _shard.Crash();
        Assert.Equal("2", _shard.Beat("a", 2));
        Assert.Equal("a.*", _shard.Describe().Members[0].SubscribedTopicRegex);
    }

    [Fact]
    public void WhatOthersSubscribeToIsKnown()
    {
        Enter("a", "a.*");
        _shard.Wait(10);
        _shard.Beat("a", 1);

        Assert.Equal("3:", Enter("b", "a.*"));
        Assert.Equal("2:", _shard.Beat("a", 2, regex: "b.*"));
        Assert.Equal("Reconciling 3 3", _shard.Summary());
    }

    [Fact]
    public void NewTopicsAreFoundAfterAWhile()
    {
        Enter("a", "a.*");
        _shard.Wait(10);
        _shard.Beat("a", 1);
        _shard.Publish(Consumers.Image("aa:1", "ac:1").With("g", "consumer.assignment.interval.ms", "0"));
        _shard.Wait(9_000);
        Assert.Equal("2", _shard.Beat("a", 2));
        _shard.Wait(1_000);

        Assert.Equal("3: a0 a0", _shard.Beat("a", 2));
    }

    [Fact]
    public void TheExpressionGoesWithItsLastMember()
    {
        Enter("a", "a.*");
        _shard.Wait(10);
        Assert.Contains(_shard.Log, record => record.Key[1] == 16 && record.Value is not null);

        _shard.Beat("a", -1);

        Assert.Null(_shard.Log.Last(record => record.Key[1] == 16).Value);
        Assert.Equal("Empty 3 3", _shard.Summary());
    }

    [Fact]
    public void NamesAndAnExpressionAddUp()
    {
        Assert.Equal("2: b0", _shard.Enter("a", "b", regex: "a.*"));
        _shard.Wait(10);

        Assert.Equal("3: a0 b0", _shard.Beat("a", 2));
        Assert.Equal("3: a0", _shard.Beat("a", 3, topics: ""));
        Assert.Equal("4", _shard.Beat("a", 3, owned: ""));
        Assert.Equal("4:", _shard.Beat("a", 4, regex: ""));
        Assert.Equal("5", _shard.Beat("a", 4, owned: ""));
    }

    [Fact]
    public void WhatOthersSubscribeToByNameIsShared()
    {
        _shard.Publish(Consumers.Image("a:2").With("g", "consumer.assignment.interval.ms", "0"));
        Assert.Equal("2: a0 a1", _shard.Enter("m", "a"));
        Assert.Equal("2:", Enter("n", "a.*"));
        _shard.Wait(10);

        Assert.Equal("2: a0", _shard.Beat("m", 2));
        Assert.Equal("3", _shard.Beat("m", 2, owned: "a0"));
        Assert.Equal("3: a1", _shard.Beat("n", 2));
    }

    [Fact]
    public void ExpressionsThatMatchTheSameTopicsShareThem()
    {
        _shard.Publish(Consumers.Image("a:2").With("g", "consumer.assignment.interval.ms", "0"));
        Enter("m", "a.*");
        _shard.Wait(10);
        Assert.Equal("2: a0 a1", _shard.Beat("m", 1));
        Enter("n", "a|b");
        _shard.Wait(10_000);

        Assert.Equal("2: a0", _shard.Beat("m", 2));
        Assert.Equal("3", _shard.Beat("m", 2, owned: "a0"));
        Assert.Equal("3: a1", _shard.Beat("n", 2));
    }

    [Fact]
    public void WhatAnotherExpressionLeavesGoesToOthers()
    {
        _shard.Publish(Consumers.Image("a:2").With("g", "consumer.assignment.interval.ms", "0"));
        Enter("m", "a.*");
        _shard.Wait(10);
        _shard.Beat("m", 1);
        _shard.Enter("n", "a");
        _shard.Beat("m", 2, owned: "a0 a1");
        _shard.Beat("m", 2, owned: "a0");
        Assert.Equal("3: a1", _shard.Beat("n", 3));
        _shard.Beat("m", 3, regex: "b.*");
        _shard.Beat("m", 3, owned: "");
        _shard.Wait(10_000);
        _shard.Beat("m", 3, owned: "");

        Assert.Equal("4: a0 a1", _shard.Beat("n", 3));
    }

    private string Enter(string member, string regex) =>
        Consumers.Text(_shard.TryBeat(member, 0, null, "", regex: regex, rebalanceMs: 60_000).Answer);
}
