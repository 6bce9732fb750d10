namespace Millrace.Connect.Postgres;

internal enum PgOutputMessage
{
    Begin,
    Commit,
    Relation,
    Change,
    Truncate,
    Origin,

    /// <summary>A message that carries nothing for us (type names, logical messages).</summary>
    Other,
}
