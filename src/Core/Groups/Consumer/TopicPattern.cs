using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Millrace.Core.Model;

namespace Millrace.Core.Groups.Consumer;

/// <summary>
/// A regular expression over names of topics, in the syntax of RE2J, which Kafka has: it matches whole names, in time
/// linear in their length.
/// </summary>
/// <remarks>
/// .NET's non-backtracking engine does the matching. What RE2J writes differently is put into .NET's words; what it
/// does not know is refused. Of scripts (<c>\p{Greek}</c>) only Latin's letters are in names of topics, and digits and
/// punctuation, which are Common; others match nothing.
/// </remarks>
internal sealed class TopicPattern
{
    private const int MostRepetitions = 1000;
    private const int MostNodes = 10 * MostRepetitions; // the engine counts five for a repetition

    /// <summary>Groups in groups.</summary>
    public const int MaxDepth = 250;

    private static readonly Dictionary<string, string> PosixClasses = new()
    {
        ["alnum"] = "0-9A-Za-z", ["alpha"] = "A-Za-z", ["ascii"] = @"\x00-\x7F", ["blank"] = @"\t\x20",
        ["cntrl"] = @"\x00-\x1F\x7F", ["digit"] = "0-9", ["graph"] = "!-~", ["lower"] = "a-z", ["print"] = @"\x20-~",
        ["punct"] = @"!-/:-@\x5B-\x60{-~", ["space"] = @"\t\n\v\f\r\x20", ["upper"] = "A-Z", ["word"] = "0-9A-Za-z_",
        ["xdigit"] = "0-9A-Fa-f",
    };

    private static readonly HashSet<string> Scripts = [..
        ("Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali Bhaiksuki "
        + "Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma Cham Cherokee "
        + "Common Coptic Cuneiform Cypriot Cyrillic Deseret Devanagari Duployan Egyptian_Hieroglyphs Elbasan Ethiopic "
        + "Georgian Glagolitic Gothic Grantha Greek Gujarati Gurmukhi Han Hangul Hanunoo Hatran Hebrew Hiragana "
        + "Imperial_Aramaic Inherited Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Katakana "
        + "Kayah_Li Kharoshthi Khmer Khojki Khudawadi Lao Latin Lepcha Limbu Linear_A Linear_B Lisu Lycian Lydian "
        + "Mahajani Malayalam Mandaic Manichaean Marchen Meetei_Mayek Mende_Kikakui Meroitic_Cursive "
        + "Meroitic_Hieroglyphs Miao Modi Mongolian Mro Multani Myanmar Nabataean New_Tai_Lue Newa Nko Ogham Ol_Chiki "
        + "Old_Hungarian Old_Italic Old_North_Arabian Old_Permic Old_Persian Old_South_Arabian Old_Turkic Oriya Osage "
        + "Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi Rejang Runic Samaritan "
        + "Saurashtra Sharada Shavian Siddham SignWriting Sinhala Sora_Sompeng Sundanese Syloti_Nagri Syriac Tagalog "
        + "Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta Ugaritic "
        + "Vai Warang_Citi Yi").Split(' '), "Any"];

    private readonly LinearPattern _translated;

    private TopicPattern(LinearPattern translated) => _translated = translated;

    public bool Matches(string topic) => _translated.Matches(topic);

    /// <summary>False, with what is wrong, when RE2J would not compile the text or the engine can't.</summary>
    public static bool TryParse(
        string text, [NotNullWhen(true)] out TopicPattern? pattern, [NotNullWhen(false)] out string? problem)
    {
        pattern = null;
        var translation = new Translation(text);
        problem = LinearPattern.WhatIsTooLong(text) ?? translation.Run();
        if (problem is not null)
            return false;
        if (!LinearPattern.TryParse(text, translation.Result, MostNodes, out var translated, out problem))
            return false;
        pattern = new TopicPattern(translated);
        return true;
    }

    /// <summary>One pass over the text.</summary>
    private sealed class Translation(string text)
    {
        private readonly StringBuilder _result = new();
        private int _at;
        private int _depth;

        public string Result => _result.ToString();

        /// <summary>What is wrong with the text; null if it is translated.</summary>
        public string? Run()
        {
            while (_at < text.Length)
            {
                var problem = text[_at] switch
                {
                    '\\' => Escape(inClass: false),
                    '[' => Class(),
                    '(' => Open(),
                    ')' => Close(),
                    '{' => Repetition(),
                    _ => Copy(),
                };
                if (problem is not null)
                    return problem;
            }

            return null;
        }

        private string? Copy()
        {
            _result.Append(text[_at++]);
            return null;
        }

        /// <summary>Groups: plain, without a number, with a name, with flags. All else is .NET's alone.</summary>
        private string? Open()
        {
            if (++_depth > MaxDepth)
                return $"more than {MaxDepth} groups are in each other";
            if (!text.AsSpan(_at).StartsWith("(?"))
                return Copy();
            var rest = text.AsSpan(_at + 2);
            if (rest.StartsWith("P<") || (rest.StartsWith("<") && !rest.StartsWith("<=") && !rest.StartsWith("<!")))
                return OpenNamed(text.IndexOf('<', _at) + 1);
            var end = _at + 2;
            var flags = new StringBuilder();
            for (; end < text.Length && text[end] is 'i' or 'm' or 's' or 'U' or '-'; end++)
                if (text[end] != 'U') // greediness changes nothing in a match of the whole
                    flags.Append(text[end]);
            if (end == text.Length || text[end] is not (':' or ')'))
                return "this kind of group is not known";
            var kept = flags.ToString().TrimEnd('-');
            if (text[end] == ')') // flags alone are no group
                _depth--;
            _result.Append(kept.Length == 0 && text[end] == ')' ? "(?:)" : $"(?{kept}{text[end]}");
            _at = end + 1;
            return null;
        }

        private string? Close()
        {
            _depth--;
            return Copy();
        }

        private string? OpenNamed(int start)
        {
            var end = text.IndexOf('>', start);
            if (end <= start || !text.AsSpan(start, end - start).ContainsOnlyWord())
                return "the name of a group is not one";
            _result.Append("(?:"); // nobody asks for the group by its name
            _at = end + 1;
            return null;
        }

        /// <summary>A count in braces; braces that are none stand for themselves.</summary>
        private string? Repetition()
        {
            var least = Digits(_at + 1);
            var hasComma = least.Length > 0 && text.AsSpan(_at + 1 + least.Length).StartsWith(",");
            var most = hasComma ? Digits(_at + 2 + least.Length) : "";
            var end = _at + 1 + least.Length + most.Length + (hasComma ? 1 : 0);
            if (least.Length == 0 || !text.AsSpan(end).StartsWith("}"))
                return Literal('{');
            var isCounted = int.TryParse(least, out var from) && from <= MostRepetitions
                && (most.Length == 0 || (int.TryParse(most, out var to) && to <= MostRepetitions && to >= from));
            if (!isCounted)
                return "a repetition has no such count";
            _result.Append(text, _at, end + 1 - _at);
            _at = end + 1;
            return null;
        }

        private ReadOnlySpan<char> Digits(int start)
        {
            var end = start;
            while (end < text.Length && char.IsAsciiDigit(text[end]))
                end++;
            return text.AsSpan(start, end - start);
        }

        private string? Class()
        {
            _result.Append(text[_at++]);
            if (_at < text.Length && text[_at] == '^')
                _result.Append(text[_at++]);
            for (var isFirst = true; _at < text.Length && (isFirst || text[_at] != ']'); isFirst = false)
            {
                var problem = text[_at] switch
                {
                    '\\' => Escape(inClass: true),
                    '[' => Posix(),
                    ']' => Literal(']'),
                    _ => Copy(),
                };
                if (problem is not null)
                    return problem;
            }

            return _at == text.Length ? "a class of characters has no end" : Copy();
        }

        private string? Literal(char character)
        {
            _result.Append('\\').Append(character);
            _at++;
            return null;
        }

        private string? Posix()
        {
            var end = text.AsSpan(_at).StartsWith("[:") ? text.IndexOf(":]", _at, StringComparison.Ordinal) : -1;
            if (end < 0)
                return Literal('[');
            if (!PosixClasses.TryGetValue(text[(_at + 2)..end], out var characters))
                return "there is no such class of characters";
            _result.Append(characters);
            _at = end + 2;
            return null;
        }

        private string? Escape(bool inClass)
        {
            if (_at + 1 == text.Length)
                return "an escape has no character";
            var character = text[_at + 1];
            switch (character)
            {
                case 'Q':
                    var end = text.IndexOf(@"\E", _at, StringComparison.Ordinal);
                    _result.Append(Regex.Escape(text[(_at + 2)..(end < 0 ? text.Length : end)]));
                    _at = end < 0 ? text.Length : end + 2;
                    return null;
                case 'p' or 'P':
                    return Category(character, inClass);
                case 'x' when _at + 2 < text.Length && text[_at + 2] == '{':
                    return CodePoint();
                case 'a' or 'f' or 't' or 'n' or 'r' or 'v' or 'd' or 'D' or 's' or 'S' or 'w' or 'W' or 'x':
                case 'b' or 'B' or 'A' or 'z' when !inClass:
                case '0':
                    break;
                case var _ when char.IsAsciiLetterOrDigit(character):
                    return $@"\{character} means nothing";
            }

            _result.Append('\\').Append(character);
            _at += 2;
            return null;
        }

        private string? Category(char kind, bool inClass)
        {
            var start = _at + 2;
            var end = start + 1;
            if (start < text.Length && text[start] == '{')
                (start, end) = (start + 1, text.IndexOf('}', start));
            if (end <= start || end > text.Length)
                return "a category has no name";
            var name = text[start..end];
            _at = text.AsSpan(end).StartsWith("}") && text[start - 1] == '{' ? end + 1 : end;
            var isNegated = kind == 'P' ^ name.StartsWith('^');
            name = name.TrimStart('^');
            if (name.Length <= 2)
                _result.Append(isNegated ? @"\P{" : @"\p{").Append(name).Append('}');
            else if (!Scripts.Contains(name))
                return $"there is no script {name}";
            else if (inClass && isNegated)
                return $"a class of characters can't be without the script {name}";
            else
                _result.Append(inClass ? "" : isNegated ? "[^" : "[").Append(CharactersOf(name))
                    .Append(inClass ? "" : "]");
            return null;
        }

        /// <summary>Those of the script that can be in a topic's name, or one that can't.</summary>
        private static string CharactersOf(string script) => script switch
        {
            "Latin" => "A-Za-z",
            "Common" => @"0-9._\-",
            "Any" => @"\u0000-\uFFFF",
            _ => @"\uFFFF",
        };

        private string? CodePoint()
        {
            var end = text.IndexOf('}', _at);
            if (end < 0 || !int.TryParse(
                text.AsSpan(_at + 3, end - _at - 3), NumberStyles.AllowHexSpecifier, null, out var point)
                || point is < 0 or > 0xFFFF)
                return "there is no such character";
            _result.Append($@"\u{point:X4}");
            _at = end + 1;
            return null;
        }
    }
}

file static class Words
{
    public static bool ContainsOnlyWord(this ReadOnlySpan<char> text)
    {
        foreach (var character in text)
            if (!char.IsAsciiLetterOrDigit(character) && character != '_')
                return false;
        return true;
    }
}
