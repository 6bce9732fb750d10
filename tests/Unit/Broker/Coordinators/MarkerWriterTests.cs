using Millrace.Broker.Coordinators;
using Millrace.Core.Configs;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Core.Transactions;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Unit.Broker.Partitions;
using Millrace.Unit.Core.Log;
using Millrace.Unit.Simulated;

namespace Millrace.Unit.Broker.Coordinators;

/// <summary>Transactions are told ended when their records are.</summary>
public sealed class MarkerWriterTests
{
    private static readonly ProducerIdAndEpoch Producer = new(7, 0);

    private readonly PartitionFixture _fixture = new();
    private readonly MarkerWriter _markers;

    public MarkerWriterTests() => _markers = new MarkerWriter(
        _fixture.Topics, new GroupCoordinators(_fixture.Loop, new BrokerSettings([]), new CountedIds()), _fixture.Loop);

    [Fact]
    public void AnOperatorsCoordinatorEpochIsTakenOver()
    {
        Append(sequence: 0);
        var written = new List<ErrorCode>();
        _markers.Write(_fixture.Partition.Id, Producer, new TransactionMarker(false, 100), false, written.Add);
        _fixture.Flush();
        Assert.Equal([ErrorCode.None], written);
        Append(sequence: 1);
        var isDone = false;

        _markers.WriteAll(
            new TransactionMarkers("t", Producer, true, [_fixture.Partition.Id]), 0, () => isDone = true);
        _fixture.Loop.Advance(1_000);
        _fixture.Flush();
        _fixture.Loop.RunPosted();

        Assert.True(isDone);
        Assert.False(_fixture.Partition.HasOpenTransaction(Producer));
        Assert.Equal(100, _fixture.Partition.CoordinatorEpochOf(Producer.Id));
    }

    private void Append(int sequence)
    {
        using var builder = new RecordBatchBuilder
        {
            ProducerId = Producer.Id, ProducerEpoch = Producer.Epoch, BaseSequence = sequence, IsTransactional = true,
        };
        builder.Append(LogFixture.Now.Milliseconds, [1], [2]);
        Assert.Equal(
            ErrorCode.None,
            _fixture.Partition.Append(builder.Build(), AppendOrigin.VerifiedClient, _fixture.Loop.Now, null).Error);
        Assert.True(_fixture.Partition.HasOpenTransaction(Producer));
    }
}
