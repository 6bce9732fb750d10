namespace Millrace.Connect.Changes;

internal enum Operation : byte
{
    Create = (byte)'c',
    Update = (byte)'u',
    Delete = (byte)'d',
    Read = (byte)'r',
    Truncate = (byte)'t',
}

/// <summary>What the old row of an update or delete holds.</summary>
internal enum BeforeKind : byte
{
    None,

    /// <summary>Only the columns of the replica identity.</summary>
    Key,

    /// <summary>Every column (REPLICA IDENTITY FULL).</summary>
    Full,
}

/// <summary>
/// One change of one row, from the stream or a snapshot. Reused: valid until the next one is read.
/// </summary>
internal sealed class RowChange
{
    public Operation Operation { get; set; }

    /// <summary>The server's identity (OID) of the table.</summary>
    public uint RelationId { get; set; }

    public BeforeKind BeforeKind { get; set; }

    public Row Before { get; } = new();

    public Row After { get; } = new();
}
