using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Requests;

/// <summary>The one table from API key to handler: what stands in it is what the broker advertises.</summary>
internal sealed class RequestDispatcher
{
    private readonly RequestHandler?[] _handlers;

    public RequestDispatcher(IReadOnlyDictionary<ApiKey, RequestHandler> handlers)
    {
        _handlers = new RequestHandler[Apis.All.Max(api => (short)api.Key) + 1];
        foreach (var (key, handler) in handlers)
            _handlers[(short)key] = handler;
        Served = [.. Apis.All.Where(api => handlers.ContainsKey(api.Key))];
    }

    /// <summary>The APIs that have a handler, by key.</summary>
    public IReadOnlyList<ApiVersions> Served { get; }

    /// <summary>
    /// Hands the request to its handler. An unknown API or version ends the connection, but for ApiVersions, whose
    /// handler tells the client what it may ask.
    /// </summary>
    public void Dispatch(PendingRequest pending, ref WireReader body)
    {
        var header = pending.Header;
        if (Apis.Find(header.ApiKey) is not { } api || _handlers[header.ApiKey] is not { } handler)
            pending.Refuse($"API key {header.ApiKey} is not served here");
        else if (!api.Contains(header.ApiVersion) && api.Key != ApiKey.ApiVersions)
            pending.Refuse($"{api.Key} version {header.ApiVersion} is not one of {api.Lowest} to {api.Highest}");
        else
            handler.Handle(pending, ref body);
    }
}
