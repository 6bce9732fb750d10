using Millrace.Protocol.Wire;

namespace Millrace.Broker.Requests;

/// <summary>Answers the requests of one API.</summary>
internal abstract class RequestHandler
{
    /// <summary>Reads the body and replies, now or later. Slices of the body die when this returns.</summary>
    /// <exception cref="MalformedFrameException">The body does not follow the specification.</exception>
    public abstract void Handle(PendingRequest pending, ref WireReader body);
}

/// <summary>Answers the requests of one API, given as <typeparamref name="TRequest"/>.</summary>
internal abstract class RequestHandler<TRequest> : RequestHandler
    where TRequest : IMessage, new()
{
    public sealed override void Handle(PendingRequest pending, ref WireReader body)
    {
        var request = new TRequest();
        request.Read(ref body, pending.Version);
        Handle(pending, request);
    }

    protected abstract void Handle(PendingRequest pending, TRequest request);
}

/// <summary>The same for the hot path: the request is recycled once it is answered.</summary>
internal abstract class RecyclingRequestHandler<TRequest> : RequestHandler
    where TRequest : class, IMessage, IRecyclable, new()
{
    public sealed override void Handle(PendingRequest pending, ref WireReader body)
    {
        var request = pending.Use<TRequest>();
        request.Read(ref body, pending.Version);
        Handle(pending, request);
    }

    protected abstract void Handle(PendingRequest pending, TRequest request);
}
