using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Millrace.Broker.Requests;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Io;

/// <summary>
/// One line for each request, for whoever looks for what a client does: who asked, what, how large, how long the
/// answer took, and the error codes in it.
/// </summary>
/// <remarks>
/// Owned by the node, used by the connections on all loops; it holds nothing of a request but in the request itself. A
/// line is written when the answer is, so in the order of answers, and none for a request whose client went before.
/// </remarks>
internal sealed class RequestTrace(Action<string> log)
{
    public void Received(PendingRequest request, int bytes) =>
        (request.ReceivedAt, request.Bytes) = (Stopwatch.GetTimestamp(), bytes);

    /// <summary>The writer notes the error codes of the answer that is written next.</summary>
    public void Answering(WireWriter writer) => writer.Errors = [];

    /// <summary>The answer is written, or there is none, which is <paramref name="bytes"/> of 0.</summary>
    public void Answered(PendingRequest request, int bytes, WireWriter? writer)
    {
        log(Line(request, bytes, writer?.Errors ?? [], Stopwatch.GetElapsedTime(request.ReceivedAt)));
        if (writer is not null)
            writer.Errors = null;
    }

    /// <summary>Sizes are those of the frames, without the four bytes of the length.</summary>
    internal static string Line(PendingRequest request, int bytes, List<ErrorCode> errors, TimeSpan latency)
    {
        var header = request.Header;
        var client = request.Connection;
        var api = Apis.Find(header.ApiKey)?.Key.ToString() ?? header.ApiKey.ToString(CultureInfo.InvariantCulture);
        var codes = errors.CountBy(error => error)
            .Select(code => code.Value == 1 ? $"{code.Key}" : $"{code.Key}*{code.Value}");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"request {client.ClientHost}:{client.ClientPort} client=\"{JsonEncodedText.Encode(header.ClientId)}\" "
            + $"software={client.Software.Name}/{client.Software.Version} api={api} version={header.ApiVersion} "
            + $"correlation={header.CorrelationId} in={request.Bytes} out={bytes} ms={latency.TotalMilliseconds:F3} "
            + $"errors={(errors.Count == 0 ? nameof(ErrorCode.None) : string.Join(',', codes))}");
    }
}
