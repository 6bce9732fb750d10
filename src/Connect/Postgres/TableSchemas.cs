using System.Text;
using Millrace.Connect.Changes;
using Millrace.Connect.Postgres.Types;

namespace Millrace.Connect.Postgres;

/// <summary>
/// Builds the <see cref="TableSchema"/> of a table from what the stream and the catalog say about it. Pure. The
/// columns are those of the stream's Relation message, which belong to the row; optionality, defaults and keys come
/// from the catalog, which may be ahead of the row.
/// </summary>
internal sealed class TableSchemas(TableFilter filter, ValueModes modes, ConverterSettings converters, string prefix,
    string delimiter)
{
    public TableSchema Build(TableDescription table, Relation? relation, IReadOnlyDictionary<uint, PgType> types)
    {
        var mapping = new TypeMapping(modes, types);
        var schema = relation?.Schema ?? table.Schema;
        var name = relation?.Name ?? table.Name;
        var all = new List<TableColumn>();
        var shapes = relation is null ? FromCatalog(table) : FromStream(table, relation);
        foreach (var shape in shapes)
        {
            var type = mapping.Resolve(shape.TypeOid, shape.TypMod, shape.Dimensions);
            var notNull = shape.NotNull || mapping.IsNotNullDomain(shape.TypeOid);
            all.Add(new TableColumn(shape.Name, all.Count, type, notNull,
                DefaultValue.Json(shape.DefaultExpression, type)));
        }
        var keys = KeysOf(table, relation, schema, name)
            .Select(key => all.Find(c => c.Name == key)).OfType<TableColumn>().ToList();
        var columns = all.Where(c => filter.IncludesColumn(schema, name, c.Name)).ToList();
        return new TableSchema(schema, name, TopicOf(schema, name), columns, keys, converters);
    }

    public string TopicOf(string schema, string table) =>
        Sanitised(string.Join(delimiter, prefix, schema, table));

    /// <summary>Topic names allow letters, digits, '.', '_' and '-'.</summary>
    public static string Sanitised(string name)
    {
        var topic = new StringBuilder(name);
        for (var i = 0; i < topic.Length; i++)
        {
            if (!(char.IsAsciiLetterOrDigit(topic[i]) || topic[i] is '.' or '_' or '-'))
                topic[i] = '_';
        }
        return topic.ToString();
    }

    /// <summary>Stored generated columns are not in the stream, so snapshots leave them out too.</summary>
    public static IEnumerable<ColumnDescription> FromCatalog(TableDescription table) =>
        table.Columns.Where(c => !c.Generated);

    private static IEnumerable<ColumnDescription> FromStream(TableDescription table, Relation relation) =>
        relation.Columns.Select(column => table.Columns.FirstOrDefault(c => c.Name == column.Name) is { } known
            ? known with { TypeOid = column.TypeOid, TypMod = column.TypMod }
            : new ColumnDescription(column.Name, column.TypeOid, column.TypMod));

    /// <summary>Under DEFAULT and USING INDEX the message itself says which columns are the key; their order and the
    /// key under FULL come from the catalog.</summary>
    private IReadOnlyList<string> KeysOf(TableDescription table, Relation? relation, string schema, string name)
    {
        if (filter.MessageKey(schema, name) is { } configured)
            return configured;
        if (relation is null || relation.ReplicaIdentity is 'f' or 'n')
            return table.KeyColumns;
        var inBand = relation.Columns.Where(c => c.InIdentity).Select(c => c.Name).ToList();
        return inBand.Count == 0 || inBand.ToHashSet(StringComparer.Ordinal).SetEquals(table.KeyColumns)
            ? table.KeyColumns
            : inBand;
    }
}
