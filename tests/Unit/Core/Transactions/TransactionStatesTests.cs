using System.Text.Json;
using Millrace.Broker.Partitions;
using Millrace.Core.Controller;
using Millrace.Core.Model;
using Millrace.Core.Transactions;
using Millrace.Protocol.Wire;
using Millrace.Shared;
using Millrace.Unit.Simulated;

namespace Millrace.Unit.Core.Transactions;

/// <summary>The <c>__transaction_state</c> that Kafka wrote tells here what it told Kafka.</summary>
public sealed class TransactionStatesTests
{
    [Theory]
    [InlineData(KafkaArchive.Stopped)]
    [InlineData(KafkaArchive.Killed)]
    public void TransactionsAreThoseThatKafkaDescribes(string name)
    {
        var directory = new KafkaDirectory(name);
        var expected = directory.Archive.Expected("transactions").EnumerateObject().Select(id => new
        {
            id.Name,
            State = id.Value.GetProperty("state").GetString(),
            ProducerId = id.Value.GetProperty("producerId").GetInt64(),
            ProducerEpoch = id.Value.GetProperty("producerEpoch").GetInt16(),
            TimeoutMs = id.Value.GetProperty("timeoutMs").GetInt32(),
            Start = id.Value.GetProperty("startTimeMs") is { ValueKind: JsonValueKind.Number } start
                ? start.GetInt64()
                : (long?)null,
            Partitions = string.Join(' ', id.Value.GetProperty("partitions").EnumerateArray()),
        });

        var actual = Replay(directory).Select(id => new
        {
            Name = id.TransactionalId,
            State = (string?)id.Status.ToString(),
            id.ProducerId,
            id.ProducerEpoch,
            id.TimeoutMs,
            Start = id.StartedAt?.Milliseconds,
            Partitions = string.Join(' ', id.Partitions.Select(one => $"{one}").Order(StringComparer.Ordinal)),
        });

        Assert.Equal(expected, actual.OrderBy(id => id.Name, StringComparer.Ordinal));
    }

    [Fact]
    public void AnOldDirectoryHasOneOpenTransaction()
    {
        var state = Assert.Single(Replay(new KafkaDirectory(KafkaArchive.Old)));

        Assert.Equal("fixture", state.TransactionalId);
        Assert.Equal(TransactionStatus.Ongoing, state.Status);
        Assert.Equal([new TopicPartition("transactions", 0)], state.Partitions);
    }

    [Fact]
    public void ATombstoneForgetsTheId()
    {
        var states = new TransactionStates();
        byte[] key = [0, 0, 0, 1, (byte)'t'];
        states.Replay(key, Value(status: 1));
        Assert.Equal(7, states.Find("t")!.ProducerId);

        states.Replay(key, null);

        Assert.Null(states.Find("t"));
    }

    [Fact]
    public void WhatNobodyKnowsIsPassedOverInKeysAndRefusedInValues()
    {
        var states = new TransactionStates();
        states.Replay(new byte[] { 0, 9, 1 }, new byte[] { 1 });
        states.Replay(Array.Empty<byte>(), null);
        Assert.Empty(states.All);

        byte[] key = [0, 0, 0, 1, (byte)'t'];
        Assert.Throws<MalformedFrameException>(() => states.Replay(key, Value(status: 8)));
        Assert.Throws<MalformedFrameException>(() => states.Replay(key, new byte[] { 0, 2, 0 }));
        Assert.Throws<MalformedFrameException>(() => states.Replay(key, new byte[] { 0, 0, 0 }));
    }

    /// <summary>Version 0: producer 7, epoch 0, timeout 9, no partitions, both times 1.</summary>
    private static byte[] Value(byte status) =>
        [
            0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 9, status,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1,
        ];

    private static List<TransactionState> Replay(KafkaDirectory directory)
    {
        var all = new List<TransactionState>();
        for (var partition = 0; partition < 2; partition++)
        {
            var states = new TransactionStates();
            LogRecords.Replay(
                directory.Open(new(TopicName.TransactionState, partition)),
                record => states.Replay(record.Key!.Value, record.Value),
                _ => Assert.Fail("There are no transactions in the log of transactions."));
            all.AddRange(states.All);
        }

        return all;
    }
}
