using System.Globalization;
using System.Text.Json;

namespace Millrace.Demo.Services;

/// <summary>Orders by id, each replaced or thrown out when its row changes.</summary>
internal sealed class OrderCache : IView
{
    public string[] Tables => ["orders"];

    public IEnumerable<KeyValuePair<string, string>> Derived => [];

    public string? DerivedQuery => null;

    public string Project(string table, JsonElement row) => string.Create(CultureInfo.InvariantCulture,
        $"{RowChange.Text(row, "customer_id", "status", "total", "version")}|{RowChange.Micros(row, "placed_at")}");

    public void Apply(string table, string key, string? before, string? after)
    {
        // The rows are the cache.
    }

    public string RowsQuery(string table) =>
        "SELECT id::text, concat_ws('|', customer_id, status, total, version, "
        + "(extract(epoch FROM placed_at) * 1000000)::bigint) FROM orders";
}
