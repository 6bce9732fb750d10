using System.Text;
using Millrace.Connect.Converters;

namespace Millrace.Connect.Data;

/// <summary>
/// A schema of Kafka Connect's data model, as the JSON converter writes it. Immutable. <see cref="Default"/> is the
/// default value already in JSON, because values never exist as objects here.
/// </summary>
internal sealed record Schema(string Type)
{
    public bool Optional { get; init; }

    public string? Name { get; init; }

    public int? Version { get; init; }

    public IReadOnlyList<(string Key, string Value)>? Parameters { get; init; }

    public string? Doc { get; init; }

    public string? Default { get; init; }

    public IReadOnlyList<Field>? Fields { get; init; }

    public Schema? Items { get; init; }

    public Schema? Keys { get; init; }

    public Schema? Values { get; init; }

    public static Schema Boolean => new("boolean");

    public static Schema Int16 => new("int16");

    public static Schema Int32 => new("int32");

    public static Schema Int64 => new("int64");

    public static Schema Float => new("float");

    public static Schema Double => new("double");

    public static Schema Bytes => new("bytes");

    public static Schema String => new("string");

    public static Schema ArrayOf(Schema items) => new("array") { Items = items };

    public static Schema MapOf(Schema keys, Schema values) => new("map") { Keys = keys, Values = values };

    public static Schema Struct(string name, int? version, params IReadOnlyList<Field> fields) =>
        new("struct") { Name = name, Version = version, Fields = fields };

    public Schema Named(string name, int version = 1, params (string Key, string Value)[] parameters) =>
        this with { Name = name, Version = version, Parameters = parameters.Length == 0 ? null : parameters };

    public Schema AsOptional() => this with { Optional = true };

    /// <summary>Writes the schema in the member order of Kafka Connect's JsonConverter.</summary>
    public void WriteJson(JsonOutput output, string? field = null)
    {
        output.Raw("{\"type\":");
        output.String(Type);
        WriteChildren(output);
        output.Raw(Optional ? ",\"optional\":true" : ",\"optional\":false");
        if (Name is not null)
            Member(output, ",\"name\":", Name);
        if (Version is { } version)
        {
            output.Raw(",\"version\":");
            output.Long(version);
        }
        WriteParameters(output);
        if (Doc is not null)
            Member(output, ",\"doc\":", Doc);
        if (Default is not null)
        {
            output.Raw(",\"default\":");
            output.Raw(Encoding.UTF8.GetBytes(Default));
        }
        if (field is not null)
            Member(output, ",\"field\":", field);
        output.Raw((byte)'}');
    }

    public override string ToString()
    {
        var output = new JsonOutput();
        WriteJson(output);
        return Encoding.UTF8.GetString(output.Written);
    }

    private void WriteChildren(JsonOutput output)
    {
        if (Fields is not null)
        {
            output.Raw(",\"fields\":[");
            for (var i = 0; i < Fields.Count; i++)
            {
                if (i > 0)
                    output.Raw((byte)',');
                Fields[i].Schema.WriteJson(output, Fields[i].Name);
            }
            output.Raw((byte)']');
        }
        Child(output, ",\"items\":", Items);
        Child(output, ",\"keys\":", Keys);
        Child(output, ",\"values\":", Values);
    }

    private void WriteParameters(JsonOutput output)
    {
        if (Parameters is null)
            return;
        output.Raw(",\"parameters\":{");
        for (var i = 0; i < Parameters.Count; i++)
        {
            if (i > 0)
                output.Raw((byte)',');
            output.String(Parameters[i].Key);
            output.Raw((byte)':');
            output.String(Parameters[i].Value);
        }
        output.Raw((byte)'}');
    }

    private static void Child(JsonOutput output, string member, Schema? schema)
    {
        if (schema is null)
            return;
        output.Raw(member);
        schema.WriteJson(output);
    }

    private static void Member(JsonOutput output, string member, string value)
    {
        output.Raw(member);
        output.String(value);
    }
}

internal sealed record Field(string Name, Schema Schema);
