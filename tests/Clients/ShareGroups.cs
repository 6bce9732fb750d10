using Millrace.Shared;

namespace Millrace.Clients;

/// <summary>The Java client's share consumer (KIP-932).</summary>
public sealed class ShareGroups(BrokerUnderTest broker)
{
    [Fact]
    [Trait(ClientTable.Client, ClientProgram.Java)]
    [Trait(ClientTable.Feature, "share group")]
    public async Task AcceptAndReject()
    {
        var topic = await broker.CreateTopic();
        var group = broker.NewName("share");
        using var producer = broker.Producer();
        await producer.Produce(new(topic, 0), [Sample.New(null, "accept"), Sample.New(null, "reject")]);
        await ChildProcess.Run("", "env", Arguments(group, topic, "earliest"));

        await using var member = ChildProcess.Start("env", Arguments(group, topic, "explicit"));
        var told = await ReadUntil(member, "acknowledged 0 1");
        await producer.Produce(new(topic, 0), [Sample.New(null, "accept")]);
        told.AddRange(await ReadUntil(member, "acknowledged 0 2"));

        Assert.Equal(
            ["record 0 0 1", "record 0 1 1", "record 0 2 1"],
            told.Where(line => line.StartsWith("record", StringComparison.Ordinal)));
        using var deadline = ChildProcess.Deadline();
        member.Input.Close();
        Assert.Equal(0, await member.Exit(deadline.Token));
    }

    /// <summary>What the member tells, without the times, up to a line.</summary>
    private static async Task<List<string>> ReadUntil(ChildProcess member, string last)
    {
        using var deadline = ChildProcess.Deadline();
        var told = new List<string>();
        while (told.LastOrDefault() != last && await member.Output.ReadLineAsync(deadline.Token) is { } line)
            told.Add(line[(line.IndexOf(' ') + 1)..]);
        return told;
    }

    private string[] Arguments(string group, string topic, string mode) =>
    [
        "JVM=-XX:TieredStopAtLevel=1", Peers.Program("java-run"),
        Checkout.File("tests", "Clients", "java", "ShareMember.java"), broker.Bootstrap, group, topic, mode,
    ];
}
