using System.Text;
using Millrace.Connect.Converters;
using Millrace.Connect.Data;
using Millrace.Connect.Postgres.Types;

namespace Millrace.Connect.Changes;

/// <summary>
/// One version of a table's shape: how its rows and keys are written and the schemas that go with them. Immutable;
/// built when the server describes the table and replaced when it describes it anew.
/// </summary>
internal sealed class TableSchema
{
    private readonly ConverterSettings _settings;

    public TableSchema(string schema, string table, string topic, IReadOnlyList<TableColumn> columns,
        IReadOnlyList<TableColumn> keys, ConverterSettings settings)
    {
        _settings = settings;
        Schema = schema;
        Table = table;
        Topic = topic;
        Columns = columns;
        Keys = keys;
        var key = new Schema("struct") { Name = $"{topic}.Key", Fields = [.. keys.Select(FieldOf)] };
        var row = new Schema("struct") { Name = $"{topic}.Value", Fields = [.. columns.Select(FieldOf)] };
        KeyPrefix = settings.KeySchemas ? SchemaPrefix(key) : [];
        ValuePrefix = settings.ValueSchemas ? SchemaPrefix(Envelope.SchemaOf(topic, row.AsOptional())) : [];
    }

    public string Schema { get; }

    public string Table { get; }

    public string Topic { get; }

    public IReadOnlyList<TableColumn> Columns { get; }

    /// <summary>Columns of the record key; none means a null key.</summary>
    public IReadOnlyList<TableColumn> Keys { get; }

    public byte[] KeyPrefix { get; }

    public byte[] ValuePrefix { get; }

    /// <summary>Writes the key as the key converter does, with its schema if that is on.</summary>
    public void WriteKey(Row row, BeforeKind before, JsonOutput output)
    {
        output.Raw(KeyPrefix);
        WriteKeyPayload(row, before, output);
        if (KeyPrefix.Length > 0)
            output.Raw((byte)'}');
    }

    public void WriteKeyPayload(Row row, BeforeKind before, JsonOutput output) =>
        WriteStruct(Keys, row, before, null, _settings.ReplaceNullInKey, output);

    /// <summary>Writes a row; <paramref name="old"/> supplies TOASTed values that did not change.</summary>
    public void WriteRow(Row row, BeforeKind before, Row? old, JsonOutput output) =>
        WriteStruct(Columns, row, before, old, _settings.ReplaceNullInValue, output);

    public bool KeyDiffers(Row before, Row after)
    {
        foreach (var column in Keys)
        {
            var (a, b) = (before.Kind(column.Index), after.Kind(column.Index));
            if (a == ValueKind.Unchanged || b == ValueKind.Unchanged)
                continue;
            if (a != b || (a == ValueKind.Text && !before.Text(column.Index).SequenceEqual(after.Text(column.Index))))
                return true;
        }
        return false;
    }

    private static void WriteStruct(IReadOnlyList<TableColumn> columns, Row row, BeforeKind before, Row? old,
        bool replaceNull, JsonOutput output)
    {
        output.Raw((byte)'{');
        for (var i = 0; i < columns.Count; i++)
        {
            var column = columns[i];
            if (i > 0)
                output.Raw((byte)',');
            output.Raw(column.JsonName);
            var from = row.Kind(column.Index) == ValueKind.Unchanged && old?.Kind(column.Index) == ValueKind.Text
                ? old : row;
            switch (from.Kind(column.Index))
            {
                case ValueKind.Text: column.Type.Write(from.Text(column.Index), output); break;
                case ValueKind.Unchanged: output.Raw(column.Type.Placeholder); break;
                default: WriteNull(column, before, replaceNull, output); break;
            }
        }
        output.Raw((byte)'}');
    }

    /// <summary>
    /// NULL is written as the column's default if the converter says so. Of an old row known only by its key, NOT
    /// NULL columns cannot be null: they hold the default or the type's zero.
    /// </summary>
    private static void WriteNull(TableColumn column, BeforeKind before, bool replaceNull, JsonOutput output)
    {
        if (column.Default is { } value && (replaceNull || (column.NotNull && before == BeforeKind.Key)))
            output.Raw(value);
        else if (column.NotNull && before == BeforeKind.Key)
            output.Raw(column.Type.Zero);
        else
            output.Null();
    }

    private static Field FieldOf(TableColumn column) => new(column.Name, column.Type.Schema with
    {
        Optional = !column.NotNull,
        Default = column.Default is null ? null : Encoding.UTF8.GetString(column.Default),
    });

    private static byte[] SchemaPrefix(Schema schema) => Encoding.UTF8.GetBytes($"{{\"schema\":{schema},\"payload\":");
}

/// <summary>A captured column: where it is in the server's rows and how its values are written.</summary>
internal sealed class TableColumn(string name, int index, ColumnType type, bool notNull, string? defaultJson)
{
    public string Name { get; } = name;

    /// <summary>Position in a <see cref="Row"/>.</summary>
    public int Index { get; } = index;

    public ColumnType Type { get; } = type;

    public bool NotNull { get; } = notNull;

    public byte[]? Default { get; } = defaultJson is null ? null : Encoding.UTF8.GetBytes(defaultJson);

    /// <summary>The member name with its colon.</summary>
    public byte[] JsonName { get; } = JsonNameOf(name);

    private static byte[] JsonNameOf(string name)
    {
        var output = new JsonOutput();
        output.String(name);
        output.Raw((byte)':');
        return output.ToArray();
    }
}
