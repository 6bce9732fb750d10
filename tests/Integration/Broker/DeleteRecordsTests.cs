using Confluent.Kafka;
using Millrace.Shared;

namespace Millrace.Integration.Broker;

public sealed class DeleteRecordsTests
{
    [Fact]
    public async Task WhatWasDeletedStaysDeletedOverADeath()
    {
        await using var server = await MillraceServer.Start();
        string[] values = [.. Enumerable.Range(0, 20).Select(i => $"{i}")];
        await Logs.Write(server.Bootstrap, ["orders"], values);
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = server.Bootstrap }).Build();
        var deleted = await admin.DeleteRecordsAsync([new TopicPartitionOffset("orders", 0, 7)]);
        Assert.Equal(7, Assert.Single(deleted).Offset.Value);

        await server.Kill();
        await server.StartAgain();

        Assert.Equal(values[7..], Assert.Single(Logs.Values(server.Bootstrap, ["orders"])));
    }
}
