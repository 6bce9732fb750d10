using System.Diagnostics;
using Millrace.Bench.Wire;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Bench.Load;

/// <summary>
/// One producing connection: keeps its window of requests full, reads each reply and believes none: error codes must
/// be none and base offsets must rise by at least what was sent. Owned by its thread.
/// </summary>
internal sealed class ProduceWorker : ILoadWorker
{
    private readonly LoadWindow _window;
    private readonly ProduceOptions _options;
    private readonly TopicPartitions _topic;
    private readonly WireConnection _connection;
    private readonly ProducerSession? _session;
    private readonly ProduceFrame[] _frames;
    private readonly int[] _sequences;
    private readonly long[] _nextOffsets;
    private readonly long[] _sentAt; // by correlation id, modulo the window
    private readonly long _interval; // between due times; 0 without a rate
    private int _sent;
    private int _answered;
    private int _inTransaction;

    public ProduceWorker(
        Placement placement, TopicPartitions topic, ProduceOptions options, LoadWindow window, int number)
    {
        _window = window;
        _options = options;
        _topic = topic;
        Counters = new LoadCounters(window);
        _connection = WireConnection.Open(placement.Broker);
        var isTransactional = options.TransactionBatches > 0;
        if (isTransactional)
            _session = ProducerSession.Transactional(_connection, $"{topic.Name}-{number}");
        else if (options.IsIdempotent)
            _session = ProducerSession.Idempotent(_connection);
        var version = _connection.Version(
            ApiKey.Produce, isTransactional ? ProducerSession.HighestTransactionalProduce : short.MaxValue);
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        _frames =
        [
            .. placement.Partitions.Select(partition => new ProduceFrame(
                version, topic, partition.Index, options.Acks, options.Batch.Build(partition.Index, now),
                _session?.TransactionalId)),
        ];
        _sequences = new int[_frames.Length];
        _nextOffsets = new long[_frames.Length];
        _sentAt = new long[options.InFlight];
        _interval = options.BytesPerSecond == 0 ? 0
            : (long)((double)_frames[0].BatchBytes * options.Connections
                / options.BytesPerSecond * Stopwatch.Frequency);
    }

    public LoadCounters Counters { get; }

    /// <summary>Acknowledged records by partition, also outside the window; with acks=0 the sent ones.</summary>
    public Dictionary<int, long> Acknowledged { get; } = [];

    /// <summary>Transactions that were committed; each leaves one marker in each partition of the connection.</summary>
    public long Commits { get; private set; }

    public IEnumerable<int> Partitions => _frames.Select(frame => frame.Partition);

    private int InFlight => _options.Acks == 0 ? 0 : _sent - _answered;

    public void Run()
    {
        while (true)
        {
            var now = Stopwatch.GetTimestamp();
            if (InFlight < _options.InFlight && DueIn(now) is var due && due <= 0)
            {
                if (!_window.MaySend(now, Next.BatchBytes))
                    break;
                Send(now);
            }
            else if (InFlight > 0 && (InFlight == _options.InFlight || _connection.WaitForData(Until(now))))
            {
                Receive();
            }
            else if (InFlight == 0)
            {
                Thread.Sleep(Until(now));
            }
        }

        Drain();
        if (_inTransaction > 0)
            Commit();
    }

    public void Dispose()
    {
        _session?.Dispose();
        _connection.Dispose();
    }

    private ProduceFrame Next => _frames[_sent % _frames.Length];

    /// <summary>Ticks until the next request is due; not above 0 when it is.</summary>
    private long DueIn(long now) => _interval == 0 ? 0 : _window.Start + (_sent * _interval) - now;

    private TimeSpan Until(long now) => Stopwatch.GetElapsedTime(0, Math.Max(0, DueIn(now)));

    private void Send(long now)
    {
        if (_options.TransactionBatches > 0 && _inTransaction == 0)
            _session!.Begin(_topic.Name, Partitions);
        var place = _sent % _frames.Length;
        var frame = _frames[place];
        frame.SetCorrelationId(_sent);
        if (_session is not null)
        {
            frame.SetProducer(_session.Id, _session.Epoch, _sequences[place]);
            _sequences[place] = (int)(((long)_sequences[place] + frame.Records) & int.MaxValue);
        }

        _sentAt[_sent % _sentAt.Length] = _interval == 0 ? now : now + DueIn(now);
        _connection.Send(frame.Bytes);
        _sent++;
        if (_options.Acks == 0)
        {
            Acknowledge(frame);
            Counters.Count(Stopwatch.GetTimestamp(), sent: 0, frame.Records, frame.BatchBytes);
        }

        if (_options.TransactionBatches > 0 && ++_inTransaction == _options.TransactionBatches)
            Commit();
    }

    private void Receive()
    {
        do
        {
            var place = _answered % _frames.Length;
            var frame = _frames[place];
            var reply = ProduceReply.Read(_connection.Receive(), frame.Version);
            var now = Stopwatch.GetTimestamp();
            Check(reply, place);
            Acknowledge(frame);
            Counters.Count(now, _sentAt[_answered % _sentAt.Length], frame.Records, frame.BatchBytes);
            _answered++;
        }
        while (InFlight > 0 && _connection.HasFrame);
    }

    private void Check(ProduceReply reply, int place)
    {
        var partition = $"{_topic.Name}-{reply.Partition}";
        if (reply.CorrelationId != _answered || reply.Partition != _frames[place].Partition)
            throw new BenchException($"{_connection.Address} answered request {reply.CorrelationId}, not {_answered}.");
        if (reply.Error != ErrorCode.None)
            throw new BenchException($"A batch of {_frames[place].BatchBytes} bytes for {partition}: {reply.Error}.");
        if (reply.BaseOffset < _nextOffsets[place])
            throw new BenchException($"{partition} gave offset {reply.BaseOffset} after {_nextOffsets[place] - 1}.");
        _nextOffsets[place] = reply.BaseOffset + _frames[place].Records;
    }

    private void Acknowledge(ProduceFrame frame) =>
        Acknowledged[frame.Partition] = Acknowledged.GetValueOrDefault(frame.Partition) + frame.Records;

    private void Drain()
    {
        while (InFlight > 0)
            Receive();
    }

    private void Commit()
    {
        Drain();
        _session!.Commit();
        _inTransaction = 0;
        Commits++;
    }
}
