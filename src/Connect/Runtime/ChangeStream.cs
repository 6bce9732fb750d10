using Millrace.Connect.Changes;
using Millrace.Connect.Postgres;
using Millrace.Connect.Postgres.Io;

namespace Millrace.Connect.Runtime;

/// <summary>
/// The reading loop of the stream: messages of the slot to published changes, transaction by transaction. Owned by one
/// task. A keepalive counts as an empty transaction when nothing is in flight, so that the slot of an idle table does
/// not hold back the server's log.
/// </summary>
internal sealed class ChangeStream(
    ReplicationStream stream, TableCatalog tables, ChangePublisher publisher, SourceOffsets offsets,
    StreamSettings settings)
{
    private readonly PgOutputDecoder _decoder = new();
    private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);
    private SourceOffsets.PendingTransaction? _transaction;
    private SourcePosition _position;
    private Lsn _lastCommit = settings.Start.LastCommit;
    private Lsn _end = settings.Start.End;
    private long _lastKeepaliveOffset = Environment.TickCount64;
    private long _lastHeartbeat = Environment.TickCount64;
    private bool _beginPending;
    private long _total;

    /// <summary>Called for each transaction that was read whole.</summary>
    public Action TransactionRead { get; init; } = () => { };

    /// <summary>Reads until <paramref name="stop"/>, which ends it between two transactions; or at once, with an
    /// exception, at <paramref name="cancellation"/>.</summary>
    public async Task RunAsync(CancellationToken stop, CancellationToken cancellation)
    {
        while (true)
        {
            while (stream.TryRead(out var frame))
            {
                if (frame.IsKeepalive)
                    await KeepaliveAsync(frame, cancellation);
                else
                    await HandleAsync(frame, cancellation);
                if (_transaction is null && stop.IsCancellationRequested)
                    return;
            }
            await HeartbeatAsync(cancellation);
            await FillAsync(_transaction is null ? stop : cancellation);
        }
    }

    /// <summary>Waits for bytes, at most until the next heartbeat is due.</summary>
    private async Task FillAsync(CancellationToken cancellation)
    {
        var filling = stream.FillAsync(cancellation);
        if (filling.IsCompleted || settings.HeartbeatMs == 0)
        {
            await filling;
            return;
        }
        var task = filling.AsTask();
        while (!task.IsCompleted)
        {
            var due = Math.Max(1, _lastHeartbeat + settings.HeartbeatMs - Environment.TickCount64);
            await Task.WhenAny(task, Task.Delay(TimeSpan.FromMilliseconds(due), cancellation));
            await HeartbeatAsync(cancellation);
        }
        await task;
    }

    private async ValueTask HandleAsync(ReplicationFrame frame, CancellationToken cancellation)
    {
        switch (_decoder.Decode(frame.Payload))
        {
            case PgOutputMessage.Begin:
                Begin(frame.Start);
                break;
            case PgOutputMessage.Change:
                await ChangeAsync(_decoder.Change, _decoder.Change.RelationId, frame.Start, cancellation);
                break;
            case PgOutputMessage.Commit:
                await CommitAsync(frame.Start, cancellation);
                break;
            case PgOutputMessage.Relation:
                await tables.DescribeAsync(_decoder.Relation, cancellation);
                break;
            case PgOutputMessage.Truncate:
                var truncate = new RowChange { Operation = Operation.Truncate };
                foreach (var relation in _decoder.Truncated)
                    await ChangeAsync(truncate, relation, frame.Start, cancellation);
                break;
            case PgOutputMessage.Origin:
                _position.Origin = _decoder.OriginName;
                _position.OriginLsn = _decoder.OriginLsn.Value;
                break;
        }
    }

    private void Begin(Lsn start)
    {
        _transaction = offsets.Open();
        _position = new SourcePosition
        {
            CommitMicros = _decoder.CommitMicros,
            TransactionId = _decoder.TransactionId,
            LastCommitLsn = _lastCommit.Value,
            Lsn = start.Value,
        };
        _beginPending = settings.TransactionMetadata;
        _total = 0;
        _counts.Clear();
    }

    private async ValueTask ChangeAsync(
        RowChange change, uint relation, Lsn start, CancellationToken cancellation)
    {
        if (_transaction is null)
            throw new InvalidDataException("pgoutput: a change outside of a transaction");
        await PublishBeginAsync(cancellation);
        if (publisher.Skips(change.Operation) || tables.Find(relation) is not { } table)
            return;
        _position.Lsn = start.Value;
        if (settings.TransactionMetadata)
            Count(table, change);
        await publisher.PublishAsync(table, change, _position, _transaction, cancellation);
    }

    /// <summary>A changed key counts as two events.</summary>
    private void Count(TableSchema table, RowChange change)
    {
        var name = $"{table.Schema}.{table.Table}";
        var before = _counts.GetValueOrDefault(name);
        var events = change.Operation == Operation.Update && change.BeforeKind != BeforeKind.None
            && table.Keys.Count > 0 && table.KeyDiffers(change.Before, change.After) ? 2 : 1;
        _position.TotalOrder = _total + 1;
        _position.CollectionOrder = before + 1;
        _total += events;
        _counts[name] = before + events;
    }

    private async ValueTask CommitAsync(Lsn start, CancellationToken cancellation)
    {
        if (_transaction is null)
            throw new InvalidDataException("pgoutput: a commit outside of a transaction");
        if (settings.TransactionMetadata)
        {
            await PublishBeginAsync(cancellation);
            _position.Lsn = start.Value;
            await publisher.EndAsync(_position, _counts, _transaction, cancellation);
        }
        _end = _decoder.EndLsn;
        _lastCommit = _end;
        TransactionRead();
        _transaction.Seal(settings.Start with
        {
            End = _end,
            LastCommit = _lastCommit,
            TransactionId = _position.TransactionId,
            CommitMicros = _position.CommitMicros,
        });
        _transaction = null;
    }

    private async ValueTask PublishBeginAsync(CancellationToken cancellation)
    {
        if (!_beginPending)
            return;
        _beginPending = false;
        await publisher.BeginAsync(_position, _transaction!, cancellation);
    }

    private async ValueTask KeepaliveAsync(ReplicationFrame frame, CancellationToken cancellation)
    {
        var now = Environment.TickCount64;
        var due = frame.ReplyRequested || now - _lastKeepaliveOffset >= settings.KeepaliveOffsetMs;
        if (due && _transaction is null && frame.KeepaliveEnd > _end && offsets.IsIdle)
        {
            _lastKeepaliveOffset = now;
            _end = frame.KeepaliveEnd;
            offsets.Open().Seal(settings.Start with
            {
                End = _end,
                LastCommit = _lastCommit,
                TransactionId = _position.TransactionId,
                CommitMicros = _position.CommitMicros,
            });
        }
        if (frame.ReplyRequested)
            await stream.SendStatusAsync(cancellation);
    }

    private async ValueTask HeartbeatAsync(CancellationToken cancellation)
    {
        if (settings.HeartbeatMs == 0 || _transaction is not null
            || Environment.TickCount64 - _lastHeartbeat < settings.HeartbeatMs)
            return;
        _lastHeartbeat = Environment.TickCount64;
        var beat = offsets.Open();
        await publisher.HeartbeatAsync(beat, cancellation);
        beat.Seal(settings.Start with
        {
            End = _end,
            LastCommit = _lastCommit,
            TransactionId = _position.TransactionId,
            CommitMicros = _position.CommitMicros,
        });
    }
}

/// <param name="Start">Where the stream begins; its server identity goes into every stored position.</param>
internal sealed record StreamSettings(
    SourceOffset Start, bool TransactionMetadata, int HeartbeatMs, int KeepaliveOffsetMs);
