using Millrace.Broker.Requests;
using Millrace.Protocol.Wire;

namespace Millrace.Broker;

/// <summary>A client's connection, as handlers see it.</summary>
internal interface IConnection
{
    ILoop Loop { get; }

    /// <summary>The client's address, as Kafka prints it: <c>/127.0.0.1</c>.</summary>
    string ClientHost { get; }

    /// <summary>The address by which the client came, which is a good one to advertise to it.</summary>
    string LocalHost { get; }

    int LocalPort { get; }

    /// <summary>Sends the response when those before it have gone. From any thread, once a request.</summary>
    void Complete(PendingRequest request, IMessage response);

    /// <summary>The request takes no response, as a Produce with acks=0. From any thread, once a request.</summary>
    void CompleteSilently(PendingRequest request);

    /// <summary>Sends what is due before this request, then closes. From any thread.</summary>
    void CloseAfter(PendingRequest request, string reason);

    /// <summary>The listener hears when the connection has ended. On the loop.</summary>
    void Listen(IConnectionListener listener);
}

/// <summary>Waits for connections to end.</summary>
internal interface IConnectionListener
{
    /// <summary>Called once for a connection, on its loop.</summary>
    void OnClosed(IConnection connection);
}
