using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Millrace.Bench.Commands;

/// <summary>Options of benchmarks, which say in one line what is wrong with a value.</summary>
internal static class BenchOption
{
    public const string Librdkafka = "librdkafka";

    public static Option<int> Number(string name, string description, int ordinary, int lowest, int highest) =>
        Parsed(
            name, description, ordinary.ToString(CultureInfo.InvariantCulture), $"a number from {lowest} to {highest}",
            (string text, out int value) =>
                int.TryParse(text, CultureInfo.InvariantCulture, out value) && lowest <= value && value <= highest);

    public static Option<double> Seconds(string name, string description, double ordinary) =>
        Parsed(
            name, description, ordinary.ToString(CultureInfo.InvariantCulture), "seconds from 0 to 86400, such as 0.5",
            (string text, out double value) => double.TryParse(text, CultureInfo.InvariantCulture, out value)
                && value is >= 0 and <= 86_400);

    public static Option<long> Size(string name, string description, string ordinary, long lowest, long highest) =>
        Parsed(name, description, ordinary, $"a size from {lowest} bytes to {highest}, such as 16KiB",
            (string text, out long value) => ByteSize.TryParse(text, out value) && lowest <= value && value <= highest);

    /// <summary>Who makes the load.</summary>
    public static Option<string> Client()
    {
        var client = new Option<string>("--client")
        {
            Description = "wire for encoded requests, librdkafka for the client of that name.",
            DefaultValueFactory = _ => "wire",
        };
        client.AcceptOnlyFromAmong("wire", Librdkafka);
        return client;
    }

    private delegate bool Parser<T>(string text, out T value);

    private static Option<T> Parsed<T>(
        string name, string description, string ordinary, string expected, Parser<T> parser)
    {
        parser(ordinary, out var value);
        return new Option<T>(name)
        {
            Description = description,
            HelpName = typeof(T) == typeof(long) ? "SIZE" : "N",
            DefaultValueFactory = _ => value,
            CustomParser = result => Parse(result, name, expected, parser),
        };
    }

    private static T Parse<T>(ArgumentResult result, string name, string expected, Parser<T> parser)
    {
        var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (!parser(text, out var value))
            result.AddError($"{name} {text}: give {expected}.");
        return value;
    }
}
