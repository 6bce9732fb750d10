using System.CommandLine;
using System.Net;
using System.Net.Sockets;

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
            var address = Parse(text, out var problem);
            if (address is null)
                result.AddError($"{name} {text}: {problem}, such as {defaultAddress}.");
            return address!;
        },
    };

    /// <summary>Null, with what must be done, where the text is no address.</summary>
    private static IPEndPoint? Parse(string text, out string problem)
    {
        problem = "give it as HOST:PORT with a port up to 65535";
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(text.AsSpan(colon + 1), out var port))
            return null;
        var host = text[..colon].Trim('[', ']');
        try
        {
            var address = Dns.GetHostAddresses(host).MinBy(found => found.AddressFamily);
            return address is null ? null : new IPEndPoint(address, port);
        }
        catch (SocketException)
        {
            problem = $"'{host}' is not known to this machine; give an address of it";
            return null;
        }
    }
}
