using Millrace.Connect.Converters;
using Millrace.Connect.Data;

namespace Millrace.Connect.Postgres.Types;

/// <summary>Turns a value in PostgreSQL's text form into JSON.</summary>
internal delegate void ValueWriter(ReadOnlySpan<byte> text, JsonOutput output);

/// <summary>How the values of a PostgreSQL type appear in events: their schema and how they are written.</summary>
/// <param name="Schema">Required and without default; the column adds both.</param>
/// <param name="Zero">What stands in a NOT NULL column of which the server sent nothing (old row without identity).
/// </param>
/// <param name="Placeholder">What stands for an unchanged TOASTed value that the server did not send.</param>
/// <param name="HasDefaults">Whether a column's default appears in the schema (Debezium leaves some types out).</param>
internal sealed record ColumnType(
    Schema Schema, ValueWriter Write, string Zero, byte[] Placeholder, bool HasDefaults = true);
