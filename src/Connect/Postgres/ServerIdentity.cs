namespace Millrace.Connect.Postgres;

/// <summary>Which cluster, on which timeline, and how far its log goes (IDENTIFY_SYSTEM).</summary>
internal sealed record ServerIdentity(string SystemId, int Timeline, Lsn WalEnd);
