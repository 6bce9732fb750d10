namespace Millrace.Bench.Wire;

/// <summary>Where a broker listens.</summary>
internal sealed record BrokerAddress(string Host, int Port)
{
    /// <summary>The first address of a list HOST:PORT,HOST:PORT; null if it is none.</summary>
    public static BrokerAddress? Parse(string text)
    {
        var first = text.Split(',')[0].Trim();
        var colon = first.LastIndexOf(':');
        return colon > 0 && ushort.TryParse(first.AsSpan(colon + 1), out var port) && port > 0
            ? new BrokerAddress(first[..colon].Trim('[', ']'), port)
            : null;
    }

    public override string ToString() => Host.Contains(':') ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
