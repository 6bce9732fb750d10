using System.Text;

namespace Millrace.Generator;

/// <summary>Writes one C# file for a specification: a class per message with its reading and writing.</summary>
internal sealed class Emitter
{
    private readonly StringBuilder _text = new();
    private int _indent;
    private bool _isRecycled;
    private Message _message = null!;

    public static string Emit(Spec spec)
    {
        var emitter = new Emitter();
        emitter.EmitFile(spec);
        return emitter._text.ToString();
    }

    private void EmitFile(Spec spec)
    {
        _isRecycled = spec.IsRecycled;
        Line(CSharp.Banner);
        Line("#nullable enable");
        Line("using Millrace.Protocol.Wire;");
        Line();
        Line("namespace Millrace.Protocol.Messages;");
        foreach (var message in spec.Messages)
        {
            _message = message;
            var range = message.Versions.Low == message.Versions.High
                ? $"version {message.Versions.Low}"
                : $"versions {message.Versions.Low} to {message.Versions.High}";
            Line();
            Line($"/// <summary>{spec.Summary} {Capital(range)}.</summary>");
            Line($"public sealed class {message.Name} : {Interfaces}");
            Open();
            Line($"public const short LowestVersion = {message.Versions.Low};");
            Line($"public const short HighestVersion = {message.Versions.High};");
            EmitBody(message.Name, message.Fields, isMessage: true);
            foreach (var part in message.Structs())
            {
                Line();
                Line($"public sealed class {part.Name} : {Interfaces}");
                Open();
                EmitBody(part.Name, part.Fields, isMessage: false);
                Close();
            }

            Close();
        }
    }

    private string Interfaces => _isRecycled ? "IMessage, IRecyclable" : "IMessage";

    private void EmitBody(string name, List<Field> fields, bool isMessage)
    {
        foreach (var field in fields)
        {
            if (field != fields[0] || isMessage)
                Line();
            Line($"public {CSharp.PropertyType(field)} {field.Name} {{ get; set; }}{CSharp.Initializer(field)}");
        }

        Line();
        EmitRead(fields);
        Line();
        EmitWrite(fields);
        if (_isRecycled)
            EmitRecycle(name, fields);
    }

    /// <summary>Back to how a new instance is, but that lists keep their memory.</summary>
    private void EmitRecycle(string name, List<Field> fields)
    {
        Line();
        Line("public void Clear()");
        Open();
        foreach (var field in fields)
            Line(Cleared(field));
        Close();
        Line();
        Line("public void Recycle()");
        Open();
        Line("Clear();");
        Line($"Recycled<{name}>.Give(this);");
        Close();
    }

    private static string Cleared(Field field)
    {
        if (field.IsArray)
        {
            if (field.Default == "null")
                return $"{field.Name} = null;";
            var emptied = field.IsStruct ? "Emptied" : "EmptiedValues";
            return $"{field.Name} = RecycledList.{emptied}({field.Name});";
        }

        if (field.IsStruct && field.Nullable is null)
            return $"{field.Name}.Clear();";
        var initializer = CSharp.Initializer(field);
        return initializer.Length > 0 ? $"{field.Name}{initializer}" : $"{field.Name} = default;";
    }

    private void EmitRead(List<Field> fields)
    {
        Line("public void Read(ref WireReader reader, short version)");
        Open();
        EmitFlexible();
        foreach (var field in fields.Where(field => field.Tag is null))
            Versioned(field, () => EmitReadField(field));
        if (_message.FirstFlexible is not null)
            WhenFlexible(() => EmitReadTags(fields.Where(field => field.Tag is not null).ToList()));
        Close();
    }

    private void EmitReadTags(List<Field> tagged)
    {
        if (tagged.Count == 0)
        {
            Line("reader.SkipTags();");
            return;
        }

        Line("for (var tags = reader.TagCount(); tags > 0; tags--)");
        Open();
        Line("switch (reader.Tag(out var size))");
        Open();
        foreach (var field in tagged)
        {
            var guard = field.Versions.Covers(FlexibleVersions)
                ? ""
                : $" when {CSharp.Condition(field.Versions, FlexibleVersions)}";
            Line($"case {field.Tag}{guard}:");
            _indent++;
            EmitReadField(field);
            Line("break;");
            _indent--;
        }

        Line("default:");
        _indent++;
        Line("reader.Skip(size);");
        Line("break;");
        _indent--;
        Close();
        Close();
    }

    private void EmitReadField(Field field)
    {
        if (!field.IsArray)
        {
            Line($"{field.Name} = {ReadValue(field, field.Nullable)};");
            return;
        }

        var count = "count" + field.Name;
        Line($"var {count} = reader.ArrayCount({FlexibleArgument}, {NullCondition(field)});");
        var list = _isRecycled
            ? $"RecycledList.For({field.Name}, {count})"
            : $"new(Math.Min({count}, WireReader.PreallocatedElements))";
        Line($"{field.Name} = {(field.Nullable is null ? list : $"{count} < 0 ? null : {list}")};");
        Line($"for (var i = 0; i < {count}; i++)");
        Line($"    {field.Name}{(field.Nullable is null ? "" : "!")}.Add({ReadValue(field, null)});");
    }

    private string ReadValue(Field field, Versions? nullable)
    {
        var isNullable = nullable is not null;
        var allowNull = isNullable ? NullCondition(field) : "false";
        return field.Type switch
        {
            "int16" when field.IsErrorCode => "(ErrorCode)reader.Int16()",
            "string" => isNullable
                ? $"reader.NullableString({FlexibleArgument}, {allowNull})"
                : $"reader.String({FlexibleArgument})",
            "bytes" => isNullable
                ? $"reader.NullableBytes({FlexibleArgument}, {allowNull})"
                : $"reader.Bytes({FlexibleArgument})",
            "records" => $"reader.Records({FlexibleArgument}, {(isNullable ? allowNull : "false")})",
            _ when field.IsStruct => isNullable
                ? $"{NullMarker(field)} ? null : reader.Struct<{field.Type}>(version)"
                : $"reader.{(_isRecycled && field.IsArray ? "Recycled" : "Struct")}<{field.Type}>(version)",
            _ => $"reader.{CSharp.Method(field.Type)}()",
        };
    }

    /// <summary>Kafka marks a null structure by a byte, but in a tagged field by a varint.</summary>
    private static string NullMarker(Field field) =>
        field.Tag is null ? "reader.IsNullStruct()" : "reader.UnsignedVarint() == 0";

    private void EmitWrite(List<Field> fields)
    {
        Line("public void Write(WireWriter writer, short version)");
        Open();
        EmitFlexible();
        foreach (var field in fields.Where(field => field.Tag is null))
            Versioned(field, () => EmitWriteField(field));
        if (_message.FirstFlexible is not null)
            WhenFlexible(() => EmitWriteTags([.. fields.Where(field => field.Tag is not null).OrderBy(f => f.Tag)]));
        Close();
    }

    private void EmitWriteTags(List<Field> tagged)
    {
        if (tagged.Count == 0)
        {
            Line("writer.UnsignedVarint(0);");
            return;
        }

        string Present(Field field) => field.Versions.Covers(FlexibleVersions)
            ? CSharp.IsSet(field)
            : $"{CSharp.Condition(field.Versions, FlexibleVersions)} && {CSharp.IsSet(field)}";
        foreach (var field in tagged)
            Line($"var has{field.Name} = {Present(field)};");
        Line($"writer.UnsignedVarint({string.Join(" + ", tagged.Select(field => $"(has{field.Name} ? 1u : 0u)"))});");
        foreach (var field in tagged)
        {
            Line($"if (has{field.Name})");
            Open();
            Line($"var start = writer.BeginTag({field.Tag});");
            EmitWriteField(field);
            Line("writer.EndTag(start);");
            Close();
        }
    }

    private void EmitWriteField(Field field)
    {
        if (field is { IsStruct: true, IsArray: false, Nullable: not null, Tag: not null })
        {
            Line($"writer.UnsignedVarint({field.Name} is null ? 0u : 1u);");
            Line($"{field.Name}?.Write(writer, version);");
            return;
        }

        if (!field.IsArray)
        {
            Line(WriteValue(field, field.Name, field.Nullable is not null) + ";");
            return;
        }

        if (field.Nullable is not null)
        {
            Line($"writer.ArrayCount({field.Name} is null ? -1 : {field.Name}.Count, {FlexibleArgument});");
            Line($"if ({field.Name} is not null)");
            Open();
        }
        else
        {
            Line($"writer.ArrayCount({field.Name}.Count, {FlexibleArgument});");
        }

        Line($"for (var i = 0; i < {field.Name}.Count; i++)");
        Line($"    {WriteValue(field, $"{field.Name}[i]", false)};");
        if (field.Nullable is not null)
            Close();
    }

    private string WriteValue(Field field, string value, bool nullable) => field.Type switch
    {
        "int16" when field.IsErrorCode => $"writer.ErrorCode({value})",
        "string" when field.IsErrorMessage => $"writer.ErrorMessage({value}, {FlexibleArgument})",
        "string" => $"writer.{(nullable ? "NullableString" : "String")}({value}, {FlexibleArgument})",
        "bytes" => $"writer.{(nullable ? "NullableBytes" : "Bytes")}({value}, {FlexibleArgument})",
        "records" => $"writer.Records({value}, {FlexibleArgument})",
        _ when field.IsStruct && nullable => $"writer.NullableStruct({value}, version)",
        _ when field.IsStruct => $"{value}.Write(writer, version)",
        _ => $"writer.{CSharp.Method(field.Type)}({value})",
    };

    private string FlexibleArgument =>
        _message.FirstFlexible is not { } first ? "false" : first <= _message.Versions.Low ? "true" : "flexible";

    private Versions FlexibleVersions => new(_message.FirstFlexible ?? int.MaxValue, _message.Versions.High);

    private string NullCondition(Field field) =>
        field.Nullable is not { } nullable ? "false"
        : nullable.Covers(field.Versions) ? "true"
        : CSharp.Condition(nullable, field.Versions);

    private void EmitFlexible()
    {
        if (_message.FirstFlexible > _message.Versions.Low)
            Line($"var flexible = version >= {_message.FirstFlexible};");
    }

    private void WhenFlexible(Action body)
    {
        if (_message.FirstFlexible <= _message.Versions.Low)
        {
            body();
            return;
        }

        Line("if (flexible)");
        Open();
        body();
        Close();
    }

    private void Versioned(Field field, Action body)
    {
        if (field.Versions.Covers(_message.Versions))
        {
            body();
            return;
        }

        Line($"if ({CSharp.Condition(field.Versions, _message.Versions)})");
        Open();
        body();
        Close();
    }

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    private void Open()
    {
        Line("{");
        _indent++;
    }

    private void Close()
    {
        _indent--;
        Line("}");
    }

    private void Line(string text = "")
    {
        if (text.Length > 0)
            _text.Append(' ', _indent * 4).Append(text);
        _text.Append('\n');
    }
}
