using System.Text.Json;

namespace Millrace.Demo.Services;

/// <summary>Which customers and products have a word in their name.</summary>
internal sealed class SearchIndex : IView
{
    private readonly SortedDictionary<string, SortedSet<string>> _words = new(StringComparer.Ordinal);

    public string[] Tables => ["customers", "products"];

    public IEnumerable<KeyValuePair<string, string>> Derived =>
        _words.Select(word => KeyValuePair.Create(word.Key, string.Join(' ', word.Value)));

    public string? DerivedQuery => """
        SELECT word, string_agg(DISTINCT found COLLATE "C", ' ' ORDER BY found COLLATE "C") FROM (
            SELECT 'customers/' || id AS found, regexp_split_to_table(lower(name), ' ') AS word FROM customers
            UNION ALL SELECT 'products/' || id, regexp_split_to_table(lower(name), ' ') FROM products) words
        GROUP BY word
        """;

    public string Project(string table, JsonElement row) => table == "customers"
        ? RowChange.Text(row, "name", "email", "version")
        : RowChange.Text(row, "name", "price", "stock", "version");

    public void Apply(string table, string key, string? before, string? after)
    {
        var id = $"{table}/{key}";
        foreach (var word in WordsOf(before))
        {
            if (_words.TryGetValue(word, out var ids) && ids.Remove(id) && ids.Count == 0)
                _words.Remove(word);
        }

        foreach (var word in WordsOf(after))
        {
            if (!_words.TryGetValue(word, out var ids))
                _words[word] = ids = new SortedSet<string>(StringComparer.Ordinal);
            ids.Add(id);
        }
    }

    public string RowsQuery(string table) => table == "customers"
        ? "SELECT id::text, concat_ws('|', name, email, version) FROM customers"
        : "SELECT id::text, concat_ws('|', name, price, stock, version) FROM products";

    private static string[] WordsOf(string? row) => row?.Split('|')[0].ToLowerInvariant().Split(' ') ?? [];
}
