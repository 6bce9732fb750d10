using System.Net;
using System.Net.Sockets;

namespace Millrace.Shared;

/// <summary>
/// Ports for servers that are stopped and started again. They lie below the range from which the system takes the
/// ports of clients, so that nobody gets one while its server is down.
/// </summary>
internal static class FreePort
{
    private const int First = 12_000;
    private const int Count = 20_000;
    private static int s_next = Random.Shared.Next(Count);

    public static int Next()
    {
        while (true)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref s_next) % Count);
            using var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody has it: try the next one.
            }
        }
    }
}
