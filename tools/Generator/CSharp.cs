namespace Millrace.Generator;

/// <summary>How the notation's types, defaults and versions are said in C#.</summary>
internal static class CSharp
{
    private static readonly Dictionary<string, string> Types = new()
    {
        ["bool"] = "bool", ["int8"] = "sbyte", ["int16"] = "short", ["uint16"] = "ushort", ["int32"] = "int",
        ["uint32"] = "uint", ["int64"] = "long", ["float64"] = "double", ["string"] = "string",
        ["bytes"] = "ReadOnlyMemory<byte>", ["uuid"] = "Uuid", ["records"] = "RecordData",
    };

    /// <summary>The reader's and writer's method for a primitive type.</summary>
    public static string Method(string type) => type switch
    {
        "bool" => "Boolean",
        "uuid" => "Uuid",
        _ => type.StartsWith('u') ? "UInt" + type[4..] : char.ToUpperInvariant(type[0]) + type[1..],
    };

    public static string PropertyType(Field field)
    {
        var element = field switch
        {
            { Type: "int16", Name: "ErrorCode" } => "ErrorCode",
            { IsStruct: true } => field.Type,
            _ => Types[field.Type],
        };
        var type = field.IsArray ? $"List<{element}>" : element;
        return field.Nullable is not null && field.Type != "records" ? type + "?" : type;
    }

    public static string Initializer(Field field)
    {
        if (field.Type == "records" && !field.IsArray)
            return field.Nullable is null ? " = RecordData.Empty;" : "";
        if (field.Default == "null")
            return "";
        if (field.IsArray)
            return " = [];";
        if (field.IsStruct)
            return " = new();";
        if (field.Type == "string")
            return $" = \"{field.Default}\";";
        if (field.Type == "bytes")
            return field.Nullable is null ? "" : " = ReadOnlyMemory<byte>.Empty;";
        return field.Default is null ? "" : $" = {Literal(field)};";
    }

    /// <summary>An expression that is true when a tagged field differs from its default and so must be written.</summary>
    public static string IsSet(Field field)
    {
        if (field.IsArray)
            return field.Default == "null" ? $"{field.Name} is not null" : $"{field.Name}.Count > 0";
        if (field.IsStruct)
            return field.Default == "null"
                ? $"{field.Name} is not null"
                : "!(" + string.Join(" && ", field.Children.Select(child => $"{field.Name}.{child.Name} == {Literal(child)}")) + ")";
        if (field.Type == "bytes")
            return field.Default == "null" ? $"{field.Name} is not null" : $"!{field.Name}.IsEmpty";
        return $"{field.Name} != {Literal(field)}";
    }

    /// <summary>A condition on <c>version</c>, given that it lies within <paramref name="known"/>.</summary>
    public static string Condition(Versions versions, Versions known)
    {
        if (versions.Low == versions.High)
            return $"version == {versions.Low}";
        if (versions.High >= known.High)
            return $"version >= {versions.Low}";
        return versions.Low <= known.Low
            ? $"version <= {versions.High}"
            : $"version is >= {versions.Low} and <= {versions.High}";
    }

    private static string Literal(Field field) => field switch
    {
        { Default: "null" } => "null",
        { Type: "string" } => $"\"{field.Default}\"",
        { Type: "uuid" } => "default",
        { Type: "bool" } => field.Default ?? "false",
        { Type: "int16", Name: "ErrorCode" } => "ErrorCode.None",
        _ => field.Default ?? "0",
    };
}
