using Millrace.Connect.Postgres;

namespace Millrace.Connect.Runtime;

/// <summary>The connector's state and counters; written by its task and the offset committer, read by anyone.</summary>
internal sealed class ConnectorProgress
{
    private readonly Lock _lock = new();
    private ConnectorState _state = ConnectorState.Starting;
    private string _message = "";
    private long _changes;
    private long _transactions;
    private Lsn _confirmed;
    private long _commitMicros;

    public ConnectorStatus Status
    {
        get
        {
            lock (_lock)
                return new ConnectorStatus(_state, _message, Volatile.Read(ref _changes), _transactions,
                    _confirmed.ToString(), _commitMicros == 0 ? null
                        : DateTimeOffset.UnixEpoch.AddTicks(_commitMicros * TimeSpan.TicksPerMicrosecond));
        }
    }

    public void Enter(ConnectorState state, string message = "")
    {
        lock (_lock)
            (_state, _message) = (state, message);
    }

    /// <summary>Counts one change; called by the task's thread only.</summary>
    public void Captured() => Volatile.Write(ref _changes, _changes + 1);

    public void Confirmed(SourceOffset offset, long transactions)
    {
        lock (_lock)
        {
            _confirmed = offset.End;
            _commitMicros = offset.CommitMicros;
            _transactions = transactions;
        }
    }
}
