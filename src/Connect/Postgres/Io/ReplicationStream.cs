using System.Buffers.Binary;
using System.Globalization;

namespace Millrace.Connect.Postgres.Io;

/// <summary>
/// The stream of a logical replication slot: bytes in, confirmed positions out. Owned by the task that streams; one
/// reader. A timer of its own sends the status, so that the server hears from us however busy the reader is.
/// Invariants: 1. only a position given to <see cref="Confirm"/> is ever confirmed to the server, and it never moves
/// back. 2. Status messages do not interleave. 3. A keepalive does not count as received: so the server repeats it
/// after each status until it is confirmed, and none that came at a bad moment is missed.
/// </summary>
internal sealed class ReplicationStream : IAsyncDisposable
{
    private const long MicrosFrom1970To2000 = 946_684_800_000_000;
    private static readonly TimeSpan ConfirmTick = TimeSpan.FromMilliseconds(500);

    private readonly ReplicationConnection _connection;
    private readonly TimeSpan _interval;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private long _confirmed;
    private long _received;
    private Task _statusLoop = Task.CompletedTask;

    private ReplicationStream(ReplicationConnection connection, Lsn start, TimeSpan interval)
    {
        _connection = connection;
        _interval = interval;
        _confirmed = (long)start.Value;
        _received = (long)start.Value;
    }

    public Lsn Confirmed => new((ulong)Volatile.Read(ref _confirmed));

    /// <summary>Starts streaming; takes over the connection.</summary>
    public static async Task<ReplicationStream> StartAsync(ReplicationConnection connection, string slot,
        string publication, Lsn start, TimeSpan statusInterval, CancellationToken cancellation)
    {
        var names = PostgresEndpoint.Literal(PostgresEndpoint.Quoted(publication));
        await connection.StartCopyBothAsync(string.Create(CultureInfo.InvariantCulture,
            $"START_REPLICATION SLOT {PostgresEndpoint.Quoted(slot)} LOGICAL {start} " +
            $"(proto_version '1', publication_names {names})"), cancellation);
        var stream = new ReplicationStream(connection, start, statusInterval);
        stream._statusLoop = stream.StatusLoopAsync();
        return stream;
    }

    /// <summary>The next message that is already here. Its payload is valid until <see cref="FillAsync"/>.</summary>
    public bool TryRead(out ReplicationFrame frame)
    {
        frame = default;
        while (_connection.Input.TryRead(out var type, out var body))
        {
            if (type == 'E')
                throw ReplicationConnection.Error(body.Span);
            if (type == 'c')
                throw new EndOfStreamException("PostgreSQL ended the replication stream");
            if (type != 'd' || body.Length == 0)
                continue;
            switch ((char)body.Span[0])
            {
                case 'w' when body.Length >= 25:
                    var start = new Lsn(BinaryPrimitives.ReadUInt64BigEndian(body.Span[1..]));
                    Received(BinaryPrimitives.ReadUInt64BigEndian(body.Span[9..]));
                    frame = new ReplicationFrame(start, default, false, body[25..]);
                    return true;
                case 'k' when body.Length >= 18:
                    var end = new Lsn(BinaryPrimitives.ReadUInt64BigEndian(body.Span[1..]));
                    frame = new ReplicationFrame(default, end, body.Span[17] == 1, default);
                    return true;
                default:
                    throw new InvalidDataException("unknown message in the replication stream");
            }
        }
        return false;
    }

    public ValueTask FillAsync(CancellationToken cancellation)
    {
        if (_statusLoop.IsFaulted)
            throw new EndOfStreamException("status could not be sent to PostgreSQL", _statusLoop.Exception);
        return _connection.Input.FillAsync(cancellation);
    }

    /// <summary>Everything before <paramref name="lsn"/> is safe in the log: the server may forget it.</summary>
    public void Confirm(Lsn lsn)
    {
        if (lsn > Confirmed)
            Volatile.Write(ref _confirmed, (long)lsn.Value);
    }

    public async Task SendStatusAsync(CancellationToken cancellation)
    {
        var confirmed = Confirmed.Value;
        var message = new byte[34];
        message[0] = (byte)'r';
        BinaryPrimitives.WriteUInt64BigEndian(message.AsSpan(1),
            Math.Max((ulong)Volatile.Read(ref _received), confirmed));
        BinaryPrimitives.WriteUInt64BigEndian(message.AsSpan(9), confirmed);
        BinaryPrimitives.WriteUInt64BigEndian(message.AsSpan(17), confirmed);
        var now = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        BinaryPrimitives.WriteInt64BigEndian(message.AsSpan(25), now - MicrosFrom1970To2000);
        await _writing.WaitAsync(cancellation);
        try
        {
            await _connection.SendAsync('d', message, cancellation);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>A last status at an orderly stop; a server that is gone learns the position at the next start.
    /// </summary>
    public async Task TrySendStatusAsync()
    {
        try
        {
            using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            await SendStatusAsync(timeout.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or InvalidOperationException)
        {
            // The stored position counts, not what the server remembers of it.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _statusLoop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _connection.DisposeAsync();
        _stop.Dispose();
        _writing.Dispose();
    }

    private void Received(ulong lsn)
    {
        if (lsn > (ulong)Volatile.Read(ref _received))
            Volatile.Write(ref _received, (long)lsn);
    }

    /// <summary>A status each interval, and sooner when the confirmed position has moved.</summary>
    private async Task StatusLoopAsync()
    {
        using var timer = new PeriodicTimer(_interval < ConfirmTick ? _interval : ConfirmTick);
        var sent = Confirmed;
        var silent = 0L;
        while (await timer.WaitForNextTickAsync(_stop.Token))
        {
            silent += timer.Period.Ticks;
            if (Confirmed == sent && silent < _interval.Ticks)
                continue;
            sent = Confirmed;
            silent = 0;
            await SendStatusAsync(_stop.Token);
        }
    }
}

/// <summary>A message of the stream: decoded change bytes, or a keepalive.</summary>
/// <param name="Start">Position of the change; 0 for messages without one.</param>
/// <param name="KeepaliveEnd">Keepalive: the server has sent everything before this position.</param>
/// <param name="ReplyRequested">Keepalive: the server wants a status at once.</param>
internal readonly record struct ReplicationFrame(
    Lsn Start, Lsn KeepaliveEnd, bool ReplyRequested, ReadOnlyMemory<byte> Payload)
{
    public bool IsKeepalive => Payload.IsEmpty;
}
