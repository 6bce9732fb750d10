using System.CommandLine;
using System.Net;

namespace Millrace.Commands;

/// <summary>Options that several commands share.</summary>
internal static class CommonOptions
{
    public static Option<string> Bootstrap() => new("--bootstrap", "-b")
    {
        Description = "Address of any broker of the cluster, HOST:PORT.",
        DefaultValueFactory = _ => "127.0.0.1:9092",
        HelpName = "HOST:PORT",
    };

    public static Option<IPEndPoint> Address(string name, string description, string defaultAddress) => new(name)
    {
        Description = description,
        HelpName = "HOST:PORT",
        DefaultValueFactory = _ => IPEndPoint.Parse(defaultAddress),
        CustomParser = result =>
        {
            var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            if (Parse(text) is { } address)
                return address;
            result.AddError($"{name} {text}: give it as HOST:PORT, such as {defaultAddress}.");
            return null!;
        },
    };

    /// <summary>Null for what is no address of this machine.</summary>
    private static IPEndPoint? Parse(string text)
    {
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(text.AsSpan(colon + 1), out var port))
            return null;
        var host = text[..colon].Trim('[', ']');
        if (IPAddress.TryParse(host, out var address))
            return new IPEndPoint(address, port);
        return host == "localhost" ? new IPEndPoint(IPAddress.Loopback, port) : null;
    }
}
