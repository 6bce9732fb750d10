using Millrace.Broker.Coordinators;
using Millrace.Broker.Fetching;
using Millrace.Broker.Io;
using Millrace.Broker.Requests;
using Millrace.Broker.Requests.Transactions;
using Millrace.Core.Configs;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using Millrace.Unit.Broker.Partitions;
using Millrace.Unit.Core.Log;
using Millrace.Shared.Simulated;
using Millrace.Unit.Simulated;

namespace Millrace.Unit.Broker.Requests;

/// <summary>Produce and Fetch as a client sees them, on simulated time and disk.</summary>
public sealed class ProduceFetchTests
{
    private readonly PartitionFixture _fixture = new();
    private readonly SimConnection _connection;
    private readonly ProduceHandler _produce;
    private readonly FetchHandler _fetch;

    public ProduceFetchTests()
    {
        _connection = new SimConnection(_fixture.Loop);
        var settings = new BrokerSettings([]);
        var groups = new GroupCoordinators(_fixture.Loop, settings, new MemberIds());
        _produce = new ProduceHandler(_fixture.Topics, new TransactionVerifier(
            new TransactionCoordinators(_fixture.Loop, settings)
            {
                WriteMarkers = new MarkerWriter(_fixture.Topics, groups, _fixture.Loop).WriteAll,
            }));
        _fetch = new FetchHandler(_fixture.Topics, settings, new FetchSessions(10, new CountedIds()));
    }

    [Fact]
    public void AcksAllIsAnsweredAfterTheFlush()
    {
        var pending = Produce(acks: -1);
        Assert.False(_connection.IsAnswered(pending));

        _fixture.Flush();

        var partition = Answer(pending);
        Assert.Equal(ErrorCode.None, partition.ErrorCode);
        Assert.Equal(0, partition.BaseOffset);
    }

    [Fact]
    public void AcksOneIsAnsweredAtOnce() => Assert.Equal(0, Answer(Produce(acks: 1)).BaseOffset);

    [Fact]
    public void AcksNoneHasNoAnswerButAnErrorCloses()
    {
        Produce(acks: 0);
        Assert.Null(_connection.ClosedBecause);

        Produce(acks: 0, topic: "none");
        Assert.NotNull(_connection.ClosedBecause);
    }

    [Theory]
    [InlineData(2, "orders", ErrorCode.InvalidRequiredAcks)]
    [InlineData(-1, "none", ErrorCode.UnknownTopicOrPartition)]
    public void ARefusedProduceIsAnsweredAtOnce(short acks, string topic, ErrorCode expected) =>
        Assert.Equal(expected, Answer(Produce(acks, topic)).ErrorCode);

    [Fact]
    public void AFailedDiskIsToldToWhoWaits()
    {
        var pending = Produce(acks: -1);
        _fixture.Disk.FailFlushes = true;

        _fixture.Flush();

        Assert.Equal(ErrorCode.KafkaStorageError, Answer(pending).ErrorCode);
        Assert.Equal(-1, Answer(pending).BaseOffset);
    }

    [Fact]
    public void AFetchWaitsForAnAppend()
    {
        var pending = Fetch(offset: 0, maxWaitMs: 500);
        _fixture.Loop.Advance(499);
        Assert.False(_connection.IsAnswered(pending));

        Produce(acks: 1);
        _fixture.Loop.RunPosted();

        Assert.True(Fetched(pending).Records.Length > 0);
    }

    [Fact]
    public void AFetchDoesNotSeeWhatIsNotFlushed()
    {
        var pending = Fetch(offset: 0, maxWaitMs: 500);
        Produce(acks: -1);
        _fixture.Loop.RunPosted();
        Assert.False(_connection.IsAnswered(pending));

        _fixture.Flush();
        _fixture.Loop.RunPosted();

        Assert.Equal(1, Fetched(pending).HighWatermark);
    }

    [Fact]
    public void AFetchIsAnsweredEmptyAtItsDeadline()
    {
        var pending = Fetch(offset: 0, maxWaitMs: 500);

        _fixture.Loop.Advance(500);

        Assert.Equal(0, Fetched(pending).Records.Length);
        Assert.Equal(ErrorCode.None, Fetched(pending).ErrorCode);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void AnOffsetOutsideTheLogIsAnErrorAtOnce(long offset) =>
        Assert.Equal(ErrorCode.OffsetOutOfRange, Fetched(Fetch(offset, maxWaitMs: 500)).ErrorCode);

    [Fact]
    public void TheFirstBatchComesWhateverTheLimits()
    {
        Produce(acks: 1);
        Produce(acks: 1);

        var fetched = Fetched(Fetch(offset: 0, maxWaitMs: 0, maxBytes: 1));

        Assert.Equal(LogFixture.Batch(["v"]).Length, fetched.Records.Length);
    }

    private PendingRequest Produce(short acks, string topic = "orders") =>
        _connection.Send(_produce, ApiKey.Produce, 9, new ProduceRequest
        {
            Acks = acks,
            TimeoutMs = 1000,
            TopicData =
            [
                new()
                {
                    Name = topic,
                    PartitionData = [new() { Index = 0, Records = new RecordData(LogFixture.Batch(["v"])) }],
                },
            ],
        });

    private PendingRequest Fetch(long offset, int maxWaitMs, int maxBytes = 1 << 20) =>
        _connection.Send(_fetch, ApiKey.Fetch, 11, new FetchRequest
        {
            MaxWaitMs = maxWaitMs,
            MinBytes = 1,
            MaxBytes = maxBytes,
            Topics =
            [
                new()
                {
                    Topic = "orders",
                    Partitions = [new() { FetchOffset = offset, PartitionMaxBytes = maxBytes }],
                },
            ],
        });

    private ProduceResponse.PartitionProduceResponse Answer(PendingRequest pending) =>
        _connection.Answer<ProduceResponse>(pending).Responses[0].PartitionResponses[0];

    private FetchResponse.PartitionData Fetched(PendingRequest pending) =>
        _connection.Answer<FetchResponse>(pending).Responses[0].Partitions[0];
}
