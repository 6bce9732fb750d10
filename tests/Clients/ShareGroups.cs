using Millrace.Shared;

namespace Millrace.Clients;

/// <summary>The Java client's share consumer (KIP-932).</summary>
public sealed class ShareGroups(BrokerUnderTest broker)
{
    [Fact]
    [Trait(ClientTable.Client, ClientProgram.Java)]
    [Trait(ClientTable.Feature, "share group")]
    public async Task AcceptReleaseAndReject()
    {
        var topic = await broker.CreateTopic();
        var group = broker.NewName("share");
        using var producer = broker.Producer();
        await producer.Produce(new(topic, 0), [Sample.New(null, "accept"), Sample.New(null, "reject")]);
        await ChildProcess.Run("", "env", Arguments(group, topic, "earliest"));

        await using var member = ChildProcess.Start("env", Arguments(group, topic, "explicit"));
        var told = new List<string>();
        using var deadline = ChildProcess.Deadline();
        while (told.Count < 4 && await member.Output.ReadLineAsync(deadline.Token) is { } line)
            told.Add(line[(line.IndexOf(' ') + 1)..]);

        Assert.Equal(
            ["acknowledged 0 0", "acknowledged 0 1", "record 0 0 1", "record 0 1 1"],
            told.Order(StringComparer.Ordinal));
        member.Input.Close();
        Assert.Equal(0, await member.Exit(deadline.Token));
    }

    private string[] Arguments(string group, string topic, string mode) =>
    [
        "JVM=-XX:TieredStopAtLevel=1", Peers.Program("java-run"),
        Checkout.File("tests", "Clients", "java", "ShareMember.java"), broker.Bootstrap, group, topic, mode,
    ];
}
