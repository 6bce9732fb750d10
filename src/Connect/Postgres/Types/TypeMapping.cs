using System.Globalization;
using System.Text;
using Millrace.Connect.Converters;
using Millrace.Connect.Data;

namespace Millrace.Connect.Postgres.Types;

/// <summary>
/// PostgreSQL's types to Kafka Connect's, as Debezium maps them. Pure; the rows of pg_type come in from outside. A
/// type without a mapping appears as its text and is never left out.
/// </summary>
internal sealed class TypeMapping(ValueModes modes, IReadOnlyDictionary<uint, PgType> types)
{
    private const int MaxDomainDepth = 32;
    private readonly NumberTypes _numbers = new(modes);
    private readonly TemporalTypes _temporal = new(modes);
    private readonly BinaryTypes _binary = new(modes);

    /// <summary>The mapping of a column's type; <paramref name="dimensions"/> are the declared ones of an array.
    /// </summary>
    public ColumnType Resolve(uint oid, int typMod, int dimensions = 1)
    {
        for (var depth = 0; depth < MaxDomainDepth; depth++)
        {
            if (!types.TryGetValue(oid, out var type))
                return Unknown();
            if (type.Kind == 'd')
            {
                (oid, typMod) = (type.BaseType, type.TypMod);
                continue;
            }
            if (type.Element != 0)
                return ArrayText.TypeOf(Resolve(type.Element, typMod), ElementKind(type.Element), dimensions, modes);
            return Scalar(type, typMod);
        }
        return Unknown();
    }

    public bool IsNotNullDomain(uint oid) =>
        types.TryGetValue(oid, out var type) && type is { Kind: 'd', NotNull: true };

    private ColumnType Scalar(PgType type, int typMod) => type.Kind switch
    {
        'e' => Text(Schema.String.Named("io.debezium.data.Enum", 1, ("allowed", string.Join(',', type.Labels)))),
        'b' or 'p' => _numbers.TypeOf(type.Name, typMod) ?? _temporal.TypeOf(type.Name, typMod)
            ?? _binary.TypeOf(type.Name, typMod) ?? GeometryTypes.TypeOf(type.Name) ?? Textual(type.Name) ?? Unknown(),
        'r' => Textual(type.Name) ?? Unknown(),
        _ => Unknown(),
    };

    private ColumnType? Textual(string name) => name switch
    {
        "text" or "varchar" or "bpchar" or "name" or "char" or "citext" => Text(Schema.String),
        "inet" or "cidr" or "macaddr" or "macaddr8" or "int4range" or "int8range" or "numrange" or "tsrange"
            or "tstzrange" or "daterange" => Text(Schema.String) with { HasDefaults = name[0] == 'm' },
        "json" or "jsonb" => Text(Schema.String.Named("io.debezium.data.Json")),
        "xml" => Text(Schema.String.Named("io.debezium.data.Xml")),
        "uuid" => Text(Schema.String.Named("io.debezium.data.Uuid")),
        "ltree" => Text(Schema.String.Named("io.debezium.data.Ltree")),
        "tsvector" => Text(Schema.String.Named("io.debezium.data.Tsvector")),
        "hstore" when modes.HstoreAsMap => new ColumnType(
            Schema.MapOf(Schema.String, Schema.String.AsOptional()), HstoreText.WriteMap, "{}",
            Encoding.UTF8.GetBytes($"{{{PlaceholderText()}:{PlaceholderText()}}}"), HasDefaults: false),
        "hstore" => Text(Schema.String.Named("io.debezium.data.Json")) with
        {
            Write = HstoreText.WriteJsonText,
            HasDefaults = false,
        },
        _ => null,
    };

    private ColumnType Unknown() => modes.UnknownAsBytes
        ? new ColumnType(Schema.Bytes, (text, output) => output.Base64(text), "\"\"",
            BinaryTypes.Base64Of(modes), false)
        : Text(Schema.String) with { HasDefaults = false };

    private ColumnType Text(Schema schema) =>
        new(schema, (text, output) => output.String(text), "\"\"", Encoding.UTF8.GetBytes(PlaceholderText()));

    private string PlaceholderText()
    {
        var output = new JsonOutput();
        output.String(Encoding.UTF8.GetString(modes.Placeholder));
        return Encoding.UTF8.GetString(output.Written);
    }

    private string ElementKind(uint element) =>
        types.TryGetValue(element, out var type) ? type.Name : element.ToString(CultureInfo.InvariantCulture);
}
