using Millrace.Broker.Coordinators;
using Millrace.Broker.Fetching;
using Millrace.Broker.Io;
using Millrace.Broker.Partitions;
using Millrace.Broker.Requests;
using Millrace.Broker.Requests.Transactions;
using Millrace.Core.Configs;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using Millrace.Shared.Simulated;
using Millrace.Unit.Core.Log;
using Millrace.Unit.Simulated;

namespace Millrace.Unit.Broker.Requests;

/// <summary>The hot path leaves no garbage: what this thread allocates is counted, which is the same in each
/// run.</summary>
public sealed class AllocationTests : IFlushQueue, IDisposable
{
    private const int Requests = 2000;

    /// <summary>Lists of the log grow now and then, by doubling.</summary>
    private const long OfTheLog = 64 * 1024;

    private readonly string _folder = Directory.CreateTempSubdirectory("millrace-steady-").FullName;
    private readonly SimLoop _loop = new();
    private readonly TopicPartitions _topics = new();
    private readonly SteadyConnection _connection;
    private readonly PartitionLog _log;
    private readonly Partition _partition;
    private readonly ProduceHandler _produce;
    private readonly FetchHandler _fetch;

    public AllocationTests()
    {
        _connection = new SteadyConnection(_loop);
        var id = new TopicPartition("orders", 0);
        _log = PartitionLog.Open(
            new FileDisk(_folder), id, LogSettings.Default, LogFixture.Now,
            new LogOpening(true, Offset.Zero, Offset.Zero));
        _partition = new Partition(id, new Uuid(1, 1), _log, this);
        _topics.Set(new HostedTopic("orders", _partition.TopicId, [_partition]));
        var settings = new BrokerSettings([]);
        var groups = new GroupCoordinators(_loop, settings, new MemberIds());
        _produce = new ProduceHandler(_topics, new TransactionVerifier(new TransactionCoordinators(_loop, settings)
        {
            WriteMarkers = new MarkerWriter(_topics, groups, _loop).WriteAll,
        }));
        _fetch = new FetchHandler(_topics, settings, new FetchSessions(10, new CountedIds()));
    }

    void IFlushQueue.Enqueue(Partition partition)
    {
        // The log is flushed when the test says so.
    }

    public void Dispose()
    {
        _log.Close(clean: false);
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(-1)]
    public void ProduceLeavesNoGarbage(short acks)
    {
        var frame = ProduceFrame(acks);

        var allocated = Allocated(() => _connection.Receive(_produce, frame), _partition.Flush);

        Assert.InRange(allocated, 0, OfTheLog);
        Assert.Equal(2 * Requests, _connection.Answers);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void FetchWithoutASessionLeavesNoGarbage(sbyte isolation)
    {
        _connection.Receive(_produce, ProduceFrame(1));
        var frame = _connection.Frame(ApiKey.Fetch, 16, new FetchRequest
        {
            IsolationLevel = isolation,
            MinBytes = 1,
            Topics = [Wanted()],
        });

        Assert.InRange(Allocated(() => _connection.Receive(_fetch, frame)), 0, 0);
        Assert.True(_connection.Sent > 100);
    }

    [Fact]
    public void AFetchThatWaitsLeavesNoGarbage()
    {
        var produce = ProduceFrame(1);
        var next = 0;
        var topic = Wanted();
        var request = new FetchRequest { MinBytes = 1, MaxWaitMs = 1000, Topics = [topic] };
        var fetches = new List<byte[]>();
        for (; next < 2 * Requests; next++)
        {
            topic.Partitions[0].FetchOffset = next;
            fetches.Add(_connection.Frame(ApiKey.Fetch, 16, request));
        }

        next = 0;
        var waited = 0;
        var allocated = Allocated(() =>
        {
            _connection.Receive(_fetch, fetches[next]);
            waited += _connection.Answers == 2 * next ? 1 : 0;
            _connection.Receive(_produce, produce);
            _loop.RunPosted();
            next++;
        });

        Assert.InRange(allocated, 0, 2 * OfTheLog); // the simulated loop keeps cancelled timers
        Assert.Equal(2 * Requests, waited);
        Assert.Equal(4 * Requests, _connection.Answers);
    }

    /// <summary>By as many calls as follow as many to warm up, and not by what is done after each.</summary>
    private static long Allocated(Action request, Action? after = null)
    {
        long allocated = 0;
        for (var i = -Requests; i < Requests; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            request();
            if (i >= 0)
                allocated += GC.GetAllocatedBytesForCurrentThread() - before;
            after?.Invoke();
        }

        return allocated;
    }

    private static FetchRequest.FetchTopic Wanted() => new()
    {
        TopicId = new Uuid(1, 1),
        Partitions = [new() { PartitionMaxBytes = 1 << 20 }],
    };

    private byte[] ProduceFrame(short acks) => _connection.Frame(ApiKey.Produce, 13, new ProduceRequest
    {
        Acks = acks,
        TopicData =
        [
            new()
            {
                TopicId = new Uuid(1, 1),
                PartitionData = [new() { Records = new RecordData(LogFixture.Batch(["v"])) }],
            },
        ],
    });
}
