using Millrace.Protocol.Messages;
using Millrace.Shared.Simulated;

namespace Millrace.Fuzz;

/// <summary>
/// One seed: a broker on a fresh disk, many hostile frames, and a good client between them and after a restart.
/// </summary>
/// <remarks>1. All that happens follows from the seed. 2. The first thing that must not be ends it.</remarks>
internal sealed class Round
{
    public const int Frames = 4000;

    private const long AllocatedAtLeast = 1 << 20;

    /// <summary>
    /// An element of an array is one byte or more in a frame, and an object with its fields in memory.
    /// </summary>
    private const long AllocatedPerByte = 128;

    /// <summary>.NET's linear matcher takes this for a character that is not yet in its pattern.</summary>
    private const long AllocatedPerPatternByte = 64 * 1024;
    private const long LongestWaitMs = int.MaxValue + 1L;
    private const int MostOpen = 50;
    private const int MostRequestsBetween = 20;

    private readonly int _seed;
    private readonly Random _random;
    private readonly Mutator _mutator;
    private readonly Vocabulary _vocabulary;
    private readonly SeededIds _ids;
    private readonly Queue<Exchange> _open = new();
    private readonly Action<Exchange, long>? _seen;
    private SimDisk _disk = new();
    private FuzzedBroker _broker;
    private Requests _requests;
    private byte[] _last = [];
    private int _sent;

    public Round(int seed, Action<Exchange, long>? seen = null)
    {
        _seed = seed;
        _seen = seen;
        _random = new Random(seed);
        _mutator = new Mutator(new Random(_random.Next()));
        _vocabulary = new Vocabulary(new Random(_random.Next()));
        _ids = new SeededIds(new Random(_random.Next()));
        _broker = new FuzzedBroker(_disk, _ids);
        _requests = new Requests(new Random(_random.Next()), _broker.Dispatcher, _vocabulary);
    }

    /// <summary>What must not be, with the way to see it again; null if all was well.</summary>
    public string? Run()
    {
        try
        {
            Prepare();
            for (var i = 0; i < Frames; i++)
                Send(NextFrame());
            if (_random.Next(2) == 0)
                Settle();
            var client = new GoodClient(_broker, $"good-{_seed}");
            client.Work();
            Restart();
            client.WorkOn(_broker);
            Settle();
            CheckTold();
            return null;
        }
        catch (Exception failure)
        {
            return $"seed {_seed} failed at frame {_sent}: "
                + $"{(failure is FuzzFailureException ? failure.Message : failure)}\n"
                + $"  replay: ./dev fuzz {_seed}\n  frame: {Convert.ToHexString(_last)}";
        }
    }

    /// <summary>A few things that exist, whose names the requests may know.</summary>
    private void Prepare()
    {
        foreach (var name in (string[])["topic-a", "topic-b"])
        {
            Send(Requests.Frame(ApiKey.CreateTopics, 7, new CreateTopicsRequest
            {
                Topics = [new() { Name = name, NumPartitions = 2, ReplicationFactor = 1 }],
                TimeoutMs = 1000,
            }));
            _vocabulary.Learn("TopicName", name);
        }

        for (var partition = 0; partition < 3; partition++)
            _vocabulary.Learn("PartitionIndex", partition);
        foreach (var group in (string[])["group-a", "group-b", "share-a", "txn-a"])
        {
            _vocabulary.Learn("GroupId", group);
            _vocabulary.Learn("TransactionalId", group);
        }

        (string Field, string Word)[] words =
        [
            ("EntityType", "user"), ("EntityType", "client-id"), ("Key", "producer_byte_rate"), ("Key", "group-a"),
        ];
        foreach (var (field, word) in words)
            _vocabulary.Learn(field, word);
        Send(Requests.Frame(ApiKey.InitProducerId, 4, new InitProducerIdRequest
        {
            TransactionalId = "txn-a",
            TransactionTimeoutMs = 60_000,
        }));
    }

    private byte[] NextFrame()
    {
        var frame = _random.Next(2) == 0
            ? Corpus.Frames[_random.Next(Corpus.Frames.Length)]
            : _requests.Next();
        return _random.Next(4) == 0 ? frame : _mutator.Mutate(frame, Corpus.Frames[_random.Next(Corpus.Frames.Length)]);
    }

    private void Send(byte[] frame)
    {
        _last = frame;
        _sent++;
        var exchange = new Exchange(_broker, frame);
        var before = GC.GetAllocatedBytesForCurrentThread();
        exchange.Receive();
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        if (allocated > Allowed(exchange))
            throw new FuzzFailureException(
                $"{allocated} bytes were allocated for a frame of {frame.Length} and an answer of {exchange.Sent}");
        _broker.Loop.RunPosted();
        if (_random.Next(MostRequestsBetween) == 0)
            _broker.Loop.Advance(_random.Next(8) == 0 ? _random.Next(60_000) : _random.Next(300));
        _seen?.Invoke(exchange, allocated);
        Hear(exchange);
        CheckTold();
    }

    /// <summary>Learns what was answered, at once or since the last time; who waits for long goes away.</summary>
    private void Hear(Exchange exchange)
    {
        _open.Enqueue(exchange);
        for (var count = _open.Count; count > 0; count--)
        {
            var next = _open.Dequeue();
            if (next.Response is { } response)
                _vocabulary.Learn(response);
            if (!next.IsSettled)
                _open.Enqueue(next);
        }

        if (_open.Count > MostOpen)
            _open.Dequeue().Close();
    }

    private static long Allowed(Exchange exchange)
    {
        var hasPattern = (ApiKey)exchange.Header.ApiKey is ApiKey.ListTransactions or ApiKey.ConsumerGroupHeartbeat;
        var bytes = exchange.Frame.Length + exchange.Sent;
        return AllocatedAtLeast + bytes * (hasPattern ? AllocatedPerPatternByte : AllocatedPerByte);
    }

    /// <summary>Lets so much time pass that whoever may wait has waited: everybody is answered.</summary>
    private void Settle()
    {
        for (var i = 0; i < 3; i++)
            _broker.Loop.Advance(LongestWaitMs);
        foreach (var exchange in _open.Where(exchange => !exchange.IsSettled))
        {
            _last = exchange.Frame;
            throw new FuzzFailureException("a request is neither answered nor is its connection closed");
        }

        _open.Clear();
    }

    private void Restart()
    {
        CheckTold();
        switch (_random.Next(3))
        {
            case 0:
                _broker.Stop();
                CheckTold();
                _disk = _disk.Kill();
                break;
            case 1:
                _disk = _disk.Kill();
                break;
            default:
                _disk = _disk.Crash();
                break;
        }

        _open.Clear();
        _broker = new FuzzedBroker(_disk, _ids);
        _requests = new Requests(_random, _broker.Dispatcher, _vocabulary);
    }

    private void CheckTold()
    {
        foreach (var line in _broker.Told.Where(line => !IsExpected(line)))
            throw new FuzzFailureException($"the broker says: {line}");
        _broker.Told.Clear();
    }

    /// <summary>Settings that a request changed may let records go.</summary>
    private static bool IsExpected(string line) => line.StartsWith("Retention", StringComparison.Ordinal);
}
