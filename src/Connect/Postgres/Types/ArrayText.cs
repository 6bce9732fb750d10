using System.Text;
using Millrace.Connect.Converters;
using Millrace.Connect.Data;

namespace Millrace.Connect.Postgres.Types;

/// <summary>
/// Arrays in PostgreSQL's text form: <c>{1,NULL,"a \"b\""}</c>, <c>[0:1]={…}</c>, nested. The value is given as many
/// levels as the column declares: deeper values are flattened, flatter ones wrapped, so that no element is lost.
/// </summary>
internal static class ArrayText
{
    private const int MaxDimensions = 6;

    public static ColumnType TypeOf(ColumnType element, string elementName, int dimensions, ValueModes modes)
    {
        var depth = Math.Clamp(dimensions, 1, MaxDimensions);
        var schema = element.Schema.AsOptional();
        for (var i = 1; i < depth; i++)
            schema = Schema.ArrayOf(schema).AsOptional();
        var delimiter = (byte)(elementName == "box" ? ';' : ',');
        return new ColumnType(Schema.ArrayOf(schema),
            (text, output) => new Reader(text, delimiter).Write(element.Write, depth, output),
            "[]", Placeholder(element, elementName, modes), HasDefaults: false);
    }

    private static byte[] Placeholder(ColumnType element, string elementName, ValueModes modes)
    {
        if (elementName is "int2" or "int4" or "int8")
            return Encoding.UTF8.GetBytes($"[{string.Join(',', modes.Placeholder.Select(b => (sbyte)b))}]");
        return [(byte)'[', .. element.Placeholder, (byte)']'];
    }

    private ref struct Reader(ReadOnlySpan<byte> text, byte delimiter)
    {
        private readonly ReadOnlySpan<byte> _text = text;
        private int _at = text is [(byte)'[', ..] ? text.IndexOf((byte)'=') + 1 : 0;

        private bool _separate;

        public void Write(ValueWriter writer, int depth, JsonOutput output)
        {
            var levels = 0;
            while (_at + levels < _text.Length && _text[_at + levels] == '{')
                levels++;
            if (_text[(_at + levels)..] is [(byte)'}'])
            {
                output.Raw("[]"u8);
                return;
            }
            for (var i = levels; i < depth; i++)
                output.Raw((byte)'[');
            Level(writer, Math.Min(depth, levels), output);
            for (var i = levels; i < depth; i++)
                output.Raw((byte)']');
        }

        /// <summary>Writes what stands in one pair of braces, which <paramref name="depth"/> 0 or less flattens.
        /// </summary>
        private void Level(ValueWriter writer, int depth, JsonOutput output)
        {
            if (depth > 0)
            {
                output.Raw((byte)'[');
                _separate = false;
            }
            for (_at++; _at < _text.Length && _text[_at] != '}';)
            {
                if (_text[_at] == delimiter)
                {
                    _at++;
                    continue;
                }
                var nested = _text[_at] == '{';
                if (_separate && (!nested || depth > 1))
                    output.Raw((byte)',');
                if (nested)
                    Level(writer, depth - 1, output);
                else
                    Element(writer, output);
                _separate = true;
            }
            _at++;
            if (depth > 0)
                output.Raw((byte)']');
        }

        private void Element(ValueWriter writer, JsonOutput output)
        {
            if (_text[_at] == '"')
            {
                Quoted(writer, output);
                return;
            }
            var end = _text[_at..].IndexOfAny(delimiter, (byte)'}');
            var value = end < 0 ? _text[_at..] : _text.Slice(_at, end);
            _at += value.Length;
            if (value.SequenceEqual("NULL"u8))
                output.Null();
            else
                writer(value, output);
        }

        private void Quoted(ValueWriter writer, JsonOutput output)
        {
            var value = new byte[_text.Length - _at];
            var length = 0;
            for (_at++; _at < _text.Length && _text[_at] != '"'; _at++)
            {
                if (_text[_at] == '\\')
                    _at++;
                value[length++] = _text[_at];
            }
            _at++;
            writer(value.AsSpan(0, length), output);
        }
    }
}
