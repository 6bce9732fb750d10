using Millrace.Broker.Requests;
using Millrace.Protocol.Wire;

namespace Millrace.Broker;

/// <summary>A client's connection, as handlers see it.</summary>
internal interface IConnection
{
    ILoop Loop { get; }

    /// <summary>The client's address, as Kafka prints it: <c>/127.0.0.1</c>.</summary>
    string ClientHost { get; }

    int ClientPort { get; }

    /// <summary>What the client says that it is (KIP-511).</summary>
    ClientSoftware Software { get; set; }

    /// <summary>The address by which the client came, which is a good one to advertise to it.</summary>
    string LocalHost { get; }

    int LocalPort { get; }

    /// <summary>
    /// Hands on no more requests, so that those behind this one can't overtake what it does later. On the loop, while a
    /// request is handled.
    /// </summary>
    void HoldBack();

    /// <summary>Goes on with the requests that were held back. On the loop.</summary>
    void GoOn();

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
