using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Millrace.Core.Model;

/// <summary>
/// A regular expression that a stranger gave, for whole texts: it takes time in proportion to the text times the size
/// of its automaton, and that size has a bound. Immutable.
/// </summary>
/// <remarks>
/// <para>The engine's bound is one for the process and is read when an expression is compiled, so expressions are
/// compiled one at a time, here alone.</para>
/// </remarks>
internal sealed class LinearPattern
{
    /// <summary>Characters of an expression. Kafka has no such bound.</summary>
    public const int MostCharacters = 1000;

    /// <summary>Nodes of the automaton where no more are asked for; a{100} has as many.</summary>
    public const int MostNodes = 500;

    private const string Limit = "REGEX_NONBACKTRACKING_MAX_AUTOMATA_SIZE";

    private static readonly Lock Compiler = new();

    private readonly Regex _regex;

    private LinearPattern(Regex regex) => _regex = regex;

    public bool Matches(string text) => _regex.IsMatch(text);

    /// <summary>False, with what is wrong, for what is no regular expression or too large a one.</summary>
    public static bool TryParse(
        string text, [NotNullWhen(true)] out LinearPattern? pattern, [NotNullWhen(false)] out string? problem) =>
        TryParse(text, text, MostNodes, out pattern, out problem);

    /// <summary>The same for a text in another syntax, with its translation.</summary>
    public static bool TryParse(
        string text, string translation, int mostNodes, [NotNullWhen(true)] out LinearPattern? pattern,
        [NotNullWhen(false)] out string? problem)
    {
        pattern = null;
        problem = WhatIsTooLong(text);
        if (problem is not null)
            return false;
        try
        {
            // Parsed alone, without the matcher: within the anchors a stray parenthesis could be taken for good.
            _ = new Regex(translation, RegexOptions.CultureInvariant);
            pattern = new LinearPattern(Compile($@"\A(?:{translation})\z", mostNodes));
            return true;
        }
        catch (Exception failure) when (failure is ArgumentException or NotSupportedException)
        {
            problem = failure.Message;
            return false;
        }
    }

    /// <summary>Null for a text that is short enough to be looked at.</summary>
    public static string? WhatIsTooLong(string text) =>
        text.Length > MostCharacters ? $"it is longer than {MostCharacters} characters" : null;

    private static Regex Compile(string text, int mostNodes)
    {
        lock (Compiler)
        {
            AppContext.SetData(Limit, mostNodes);
            return new Regex(text, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
    }
}
