using System.Collections.Immutable;
using Millrace.Core.Model;

namespace Millrace.Core.Configs;

/// <summary>
/// Which clients a subscription to client metrics is for (KIP-714): a pattern for each named key, which must hold for
/// the whole of the client's value. Patterns take time in proportion to the text, whatever they are.
/// </summary>
internal sealed class ClientMatch
{
    public static readonly ImmutableArray<string> Keys =
    [
        "client_instance_id", "client_id", "client_software_name", "client_software_version", "client_source_address",
        "client_source_port",
    ];

    private readonly Dictionary<string, LinearPattern> _patterns = [];

    public static bool TryParse(string text, out ClientMatch match)
    {
        match = new ClientMatch();
        foreach (var item in ConfigText.Items(text))
        {
            var equals = item.IndexOf('=');
            if (equals < 0 || !Keys.Contains(item[..equals].Trim())
                || !LinearPattern.TryParse(item[(equals + 1)..].Trim(), out var pattern, out _))
                return false;
            match._patterns[item[..equals].Trim()] = pattern;
        }

        return true;
    }

    /// <param name="valueOf">The client's value for one of <see cref="Keys"/>.</param>
    public bool Holds(Func<string, string> valueOf) =>
        _patterns.All(pattern => pattern.Value.Matches(valueOf(pattern.Key)));
}
