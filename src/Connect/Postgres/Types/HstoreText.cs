using Millrace.Connect.Converters;

namespace Millrace.Connect.Postgres.Types;

/// <summary>hstore's text <c>"a"=>"1", "b"=>NULL</c> as a JSON object or as the text of one.</summary>
internal static class HstoreText
{
    public static void WriteMap(ReadOnlySpan<byte> text, JsonOutput output)
    {
        output.Raw((byte)'{');
        for (var first = true; text is [(byte)'"', ..]; first = false)
        {
            if (!first)
                output.Raw((byte)',');
            output.String(Quoted(ref text));
            output.Raw((byte)':');
            text = text[2..];
            if (text is [(byte)'"', ..])
            {
                output.String(Quoted(ref text));
            }
            else
            {
                output.Null();
                text = text["NULL".Length..];
            }
            text = text.StartsWith(", "u8) ? text[2..] : text;
        }
        output.Raw((byte)'}');
    }

    public static void WriteJsonText(ReadOnlySpan<byte> text, JsonOutput output)
    {
        var json = new JsonOutput();
        WriteMap(text, json);
        output.String(json.Written);
    }

    private static ReadOnlySpan<byte> Quoted(ref ReadOnlySpan<byte> text)
    {
        var value = new byte[text.Length];
        var length = 0;
        var at = 1;
        for (; text[at] != '"'; at++)
        {
            if (text[at] == '\\')
                at++;
            value[length++] = text[at];
        }
        text = text[(at + 1)..];
        return value.AsSpan(0, length);
    }
}
