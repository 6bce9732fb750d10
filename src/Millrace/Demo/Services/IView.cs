using System.Text.Json;

namespace Millrace.Demo.Services;

/// <summary>What one service makes of the rows it receives.</summary>
internal interface IView
{
    /// <summary>The tables it follows.</summary>
    string[] Tables { get; }

    /// <summary>What the service keeps of a row.</summary>
    string Project(string table, JsonElement row);

    /// <summary>A row is new (before is null), changed, or gone (after is null).</summary>
    void Apply(string table, string key, string? before, string? after);

    /// <summary>What the service has derived from the rows, by name.</summary>
    IEnumerable<KeyValuePair<string, string>> Derived { get; }

    /// <summary>The query that yields key and text of each row of a table, as <see cref="Project"/> does.</summary>
    string RowsQuery(string table);

    /// <summary>The query that yields the same as <see cref="Derived"/>, computed by the database; null if nothing is
    /// derived.</summary>
    string? DerivedQuery { get; }
}
