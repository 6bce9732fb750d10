using System.Buffers.Binary;
using System.Text;
using Millrace.Broker.Partitions;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;
using Millrace.Unit.Core.Log;

namespace Millrace.Unit.Broker.Partitions;

public sealed class LogRecordsTests
{
    [Fact]
    public void ALogWhoseOffsetsGoBackEndsTheReplay()
    {
        const string Path = "orders-0/00000000000000000000.log";
        var fixture = new LogFixture(LogSettings.Default);
        fixture.Fill(3);
        var content = fixture.Disk.Content(Path);
        BinaryPrimitives.WriteInt64BigEndian(content.AsSpan(content.Length / 3 * 2), 0);
        var replayed = 0;

        var failure = Assert.Throws<IOException>(() => LogRecords.Replay(
            fixture.Log, (_, _) => Assert.True(++replayed < 100, "The replay goes on for ever.")));

        Assert.Contains("orders-0 is damaged at offset 3", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatABatchSaysIsToldWithItsRecordsAndMarkers()
    {
        var fixture = new LogFixture(LogSettings.Default);
        Append(fixture, Batch(transactional: true), ("a", "1"), ("b", null));
        Append(fixture, Batch(transactional: false), (null, "2"));
        AppendMarker(fixture, isCommit: true);
        AppendMarker(fixture, isCommit: false);
        List<string> told = [];

        LogRecords.Replay(
            fixture.Log,
            record => told.Add($"{record.Offset} {Text(record.Key)}={Text(record.Value)} {record.Batch}"),
            marker => told.Add($"{marker.Offset} {marker.IsCommit} {marker.CoordinatorEpoch} {marker.Batch}"));

        var open = new BatchFacts(7, 3, IsTransactional: true);
        Assert.Equal(
            [
                $"0 a=1 {open}", $"1 b=null {open}", $"2 null=2 {open with { IsTransactional = false }}",
                $"3 True 5 {open}", $"4 False 5 {open}",
            ],
            told);
    }

    [Fact]
    public void CopiesTellATombstoneFromAnEmptyValue()
    {
        var fixture = new LogFixture(LogSettings.Default);
        Append(fixture, Batch(transactional: false), ("a", null), ("b", ""), (null, "1"));
        List<string> told = [];

        LogRecords.Replay(fixture.Log, (key, value) => told.Add($"{Text(key)}={Text(value)}"));

        Assert.Equal(["a=null", "b=", "null=1"], told);
    }

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Lz4)]
    public void WhatLiesBelowTheStartIsPassedOver(CompressionType codec)
    {
        var fixture = new LogFixture(LogSettings.Default);
        fixture.Append(LogFixture.Batch(["v0", "v1", "v2"], codec: codec));
        fixture.Log.AdvanceLogStartOffset(new Offset(1));
        List<string> told = [];

        LogRecords.Replay(fixture.Log, record => told.Add(Text(record.Value)), _ => { });

        Assert.Equal(["v1", "v2"], told);
    }

    [Fact]
    public void ADamagedBatchEndsTheReplayAtItsOffset()
    {
        const string Path = "orders-0/00000000000000000000.log";
        var fixture = new LogFixture(LogSettings.Default);
        fixture.Fill(3);
        fixture.Disk.Content(Path)[fixture.Disk.Content(Path).Length / 2] ^= 1;
        var replayed = 0;

        var failure = Assert.Throws<IOException>(() => LogRecords.Replay(fixture.Log, _ => replayed++, _ => { }));

        Assert.Contains("orders-0", failure.Message, StringComparison.Ordinal);
        Assert.Contains("at offset 3", failure.Message, StringComparison.Ordinal);
        Assert.Equal(3, replayed);
    }

    [Fact]
    public void ARecordThatCannotBeUnderstoodIsNamed()
    {
        var fixture = new LogFixture(LogSettings.Default);
        fixture.Fill(2);

        var failure = Assert.Throws<IOException>(() => LogRecords.Replay(
            fixture.Log,
            record =>
            {
                if (record.Offset.Value == 4)
                    throw new MalformedFrameException("It is odd.");
            },
            _ => { }));

        Assert.Equal("orders-0 has a record at offset 4 that can't be read: It is odd.", failure.Message);
    }

    private static RecordBatchBuilder Batch(bool transactional) => new()
    {
        ProducerId = 7, ProducerEpoch = 3, IsTransactional = transactional,
    };

    private static void Append(
        LogFixture fixture, RecordBatchBuilder batch, params (string? Key, string? Value)[] records)
    {
        for (var i = 0; i < records.Length; i++)
        {
            batch.Append(new Millrace.Protocol.Records.Record
            {
                OffsetDelta = i,
                HasKey = records[i].Key is not null,
                Key = Encoding.UTF8.GetBytes(records[i].Key ?? ""),
                HasValue = records[i].Value is not null,
                Value = Encoding.UTF8.GetBytes(records[i].Value ?? ""),
            });
        }

        Append(fixture, batch);
    }

    private static void AppendMarker(LogFixture fixture, bool isCommit)
    {
        using var batch = new RecordBatchBuilder
        {
            ProducerId = 7, ProducerEpoch = 3, IsTransactional = true, IsControl = true,
        };
        batch.Append(0, [0, 0, 0, isCommit ? (byte)1 : (byte)0], [0, 0, 0, 0, 0, 5]);
        Append(fixture, batch);
    }

    private static void Append(LogFixture fixture, RecordBatchBuilder batch) => Assert.Equal(
        ErrorCode.None,
        fixture.Log.Append(batch.Build(), LeaderEpoch.Zero, LogFixture.Now, AppendOrigin.Coordinator).Error);

    private static string Text(ReadOnlyMemory<byte>? bytes) =>
        bytes is { } present ? Encoding.UTF8.GetString(present.Span) : "null";
}
