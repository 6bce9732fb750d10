using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Fuzz.BadInput;

/// <summary>
/// Very many small elements in every array of every request. More than a frame may have close the connection before
/// they take memory; as many as it may have are answered in memory that is bounded by their number.
/// </summary>
public sealed class ManyElementsTests
{
    /// <summary>Of the request and its answer together.</summary>
    private const int AllocatedPerElement = 1_500;

    private const int AllocatedPerRefused = 300;
    private const int AllocatedAtLeast = 4 * 1024 * 1024;

    private static readonly FuzzedBroker Broker = new AskedBroker().Simulated!;

    public static TheoryData<ApiKey> Served => [.. Broker.Dispatcher.Served.Select(api => api.Key)];

    [Theory]
    [MemberData(nameof(Served))]
    public void TooManyAreRefused(ApiKey key)
    {
        foreach (var (what, exchange) in Exchanges(key, 2 * WireReader.MostElementsOfRequest))
        {
            var allocated = Allocated(exchange);
            Assert.True(exchange.ClosedBecause is not null, $"{what}: taken, {exchange.Frame.Length} bytes");
            Assert.InRange(
                allocated,
                0,
                AllocatedAtLeast + 2L * exchange.Frame.Length
                + (long)AllocatedPerRefused * WireReader.ElementsOfRequest(exchange.Frame.Length));
        }
    }

    [Theory]
    [MemberData(nameof(Served))]
    public void ManyTakeMemoryByTheirNumber(ApiKey key)
    {
        foreach (var (what, exchange) in Exchanges(key, WireReader.TinyElements / 2))
        {
            var allocated = Allocated(exchange);
            Assert.True(
                allocated <= AllocatedAtLeast + AllocatedPerElement * WireReader.TinyElements / 2,
                $"{what}: {allocated} bytes");
        }
    }

    private static IEnumerable<(string What, Exchange Exchange)> Exchanges(ApiKey key, int count)
    {
        var version = Apis.Find((short)key)!.Value.Highest;
        foreach (var (path, request) in ManyElements.Of(key, count, areAlike: true))
        {
            var frame = Requests.Frame(key, version, request);
            if (frame.Length >= count)
                yield return ($"{key} {path}", new Exchange(Broker, frame));
        }
    }

    private static long Allocated(Exchange exchange)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        exchange.Receive();
        Broker.Loop.RunPosted();
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        exchange.Close();
        Broker.Told.Clear();
        return allocated;
    }
}
