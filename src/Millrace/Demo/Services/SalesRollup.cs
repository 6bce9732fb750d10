using System.Globalization;
using System.Text.Json;

namespace Millrace.Demo.Services;

/// <summary>What was sold of each product: order lines, pieces, money.</summary>
internal sealed class SalesRollup : IView
{
    private readonly Dictionary<string, (long Lines, long Pieces, decimal Amount)> _products = [];

    public string[] Tables => ["order_lines"];

    public IEnumerable<KeyValuePair<string, string>> Derived =>
        _products.Where(p => p.Value.Lines != 0).Select(p => KeyValuePair.Create(p.Key, string.Create(
            CultureInfo.InvariantCulture, $"{p.Value.Lines}|{p.Value.Pieces}|{p.Value.Amount:0.00}")));

    public string? DerivedQuery =>
        "SELECT product_id::text, concat_ws('|', count(*), sum(quantity), sum(amount)) "
        + "FROM order_lines GROUP BY product_id";

    public string Project(string table, JsonElement row) =>
        RowChange.Text(row, "product_id", "quantity", "amount", "version");

    public void Apply(string table, string key, string? before, string? after)
    {
        Add(before, -1);
        Add(after, 1);
    }

    public string RowsQuery(string table) =>
        "SELECT order_id || '/' || line, concat_ws('|', product_id, quantity, amount, version) FROM order_lines";

    private void Add(string? row, int sign)
    {
        if (row?.Split('|') is not [var product, var pieces, var amount, _])
            return;
        var (lines, sold, money) = _products.GetValueOrDefault(product);
        _products[product] = (lines + sign, sold + (sign * long.Parse(pieces, CultureInfo.InvariantCulture)),
            money + (sign * decimal.Parse(amount, CultureInfo.InvariantCulture)));
    }
}
