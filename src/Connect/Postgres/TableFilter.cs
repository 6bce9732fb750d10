using System.Text.RegularExpressions;
using Millrace.Connect.Config;

namespace Millrace.Connect.Postgres;

/// <summary>Which schemas, tables and columns are captured, and which columns make the record key.</summary>
internal sealed class TableFilter
{
    private readonly IReadOnlyList<Regex> _schemaInclude;
    private readonly IReadOnlyList<Regex> _schemaExclude;
    private readonly IReadOnlyList<Regex> _tableInclude;
    private readonly IReadOnlyList<Regex> _tableExclude;
    private readonly IReadOnlyList<Regex> _columnInclude;
    private readonly IReadOnlyList<Regex> _columnExclude;
    private readonly IReadOnlyList<(Regex Table, string[] Columns)> _keys;

    public TableFilter(ConnectorConfig config)
    {
        _schemaInclude = config.Regexes("schema.include.list");
        _schemaExclude = config.Regexes("schema.exclude.list");
        _tableInclude = config.Regexes("table.include.list");
        _tableExclude = config.Regexes("table.exclude.list");
        _columnInclude = config.Regexes("column.include.list");
        _columnExclude = config.Regexes("column.exclude.list");
        _keys = ParseKeys(config.String("message.key.columns"));
    }

    public bool IncludesTable(string schema, string table)
    {
        var name = $"{schema}.{table}";
        return schema is not ("pg_catalog" or "information_schema" or "pg_toast")
            && Passes(schema, _schemaInclude, _schemaExclude) && Passes(name, _tableInclude, _tableExclude);
    }

    public bool IncludesColumn(string schema, string table, string column) =>
        Passes($"{schema}.{table}.{column}", _columnInclude, _columnExclude);

    /// <summary>The columns of message.key.columns for a table, or null.</summary>
    public IReadOnlyList<string>? MessageKey(string schema, string table)
    {
        foreach (var (expression, columns) in _keys)
        {
            if (expression.IsMatch($"{schema}.{table}"))
                return columns;
        }
        return null;
    }

    private static bool Passes(string name, IReadOnlyList<Regex> include, IReadOnlyList<Regex> exclude) =>
        (include.Count == 0 || include.Any(e => e.IsMatch(name))) && !exclude.Any(e => e.IsMatch(name));

    private static List<(Regex, string[])> ParseKeys(string text)
    {
        var keys = new List<(Regex, string[])>();
        foreach (var part in text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var colon = part.LastIndexOf(':');
            var columns = part[(colon + 1)..].Split(',', StringSplitOptions.TrimEntries);
            if (colon < 1 || columns.Any(c => c.Length == 0))
                throw new ConfigException("message.key.columns", text,
                    "must look like schema.table:col,col;schema.t2:col");
            keys.Add((ConnectorConfig.Anchored(part[..colon]), columns));
        }
        return keys;
    }
}
