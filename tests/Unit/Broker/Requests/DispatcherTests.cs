using Millrace.Broker;
using Millrace.Broker.Requests;
using Millrace.Core.Controller;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using Millrace.Shared.Simulated;

namespace Millrace.Unit.Broker.Requests;

/// <summary>What is served, and what becomes of what is not.</summary>
public sealed class DispatcherTests
{
    private readonly SimConnection _connection = new(new SimLoop());
    private readonly ApiVersionsHandler _handler = new(
        new NodeIdentity("cluster", 1, null, 0), () => (FeaturesImage.OfNewCluster, 3));
    private readonly RequestDispatcher _dispatcher;

    public DispatcherTests()
    {
        _dispatcher = new RequestDispatcher(
            new Dictionary<ApiKey, RequestHandler> { [ApiKey.ApiVersions] = _handler });
        _handler.Dispatcher = _dispatcher;
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(999, 0)]
    [InlineData((short)ApiKey.Heartbeat, 0)]
    public void AnApiThatIsNotServedClosesTheConnection(short key, short version)
    {
        Dispatch((ApiKey)key, version);

        Assert.NotNull(_connection.ClosedBecause);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(6)]
    [InlineData(short.MaxValue)]
    public void AnUnknownVersionOfApiVersionsIsAnsweredInVersionNull(short version)
    {
        var pending = Dispatch(ApiKey.ApiVersions, version);

        using var writer = new WireWriter();
        _connection.Answer<IMessage>(pending).Write(writer, version);
        var response = new ApiVersionsResponse();
        var reader = new WireReader(writer.Written.ToArray());
        response.Read(ref reader, 0);
        Assert.Equal(ErrorCode.UnsupportedVersion, response.ErrorCode);
        Assert.Equal((short)ApiKey.ApiVersions, Assert.Single(response.ApiKeys).ApiKey);
        Assert.Equal(0, reader.Remaining);
    }

    [Theory]
    [InlineData("librdkafka", "2.16.0", ErrorCode.None)]
    [InlineData("", "1", ErrorCode.InvalidRequest)]
    [InlineData("-x", "1", ErrorCode.InvalidRequest)]
    [InlineData("a b", "1", ErrorCode.InvalidRequest)]
    [InlineData("a", "1.", ErrorCode.InvalidRequest)]
    public void SoftwareMustHaveAName(string name, string version, ErrorCode expected)
    {
        var request = new ApiVersionsRequest { ClientSoftwareName = name, ClientSoftwareVersion = version };

        var pending = _connection.Send(_handler, ApiKey.ApiVersions, 3, request);

        Assert.Equal(expected, _connection.Answer<ApiVersionsResponse>(pending).ErrorCode);
    }

    [Fact]
    public void AnotherClustersClientIsSentAway()
    {
        var request = new ApiVersionsRequest
        {
            ClientSoftwareName = "a",
            ClientSoftwareVersion = "1",
            ClusterId = "another",
            NodeId = 1,
        };

        var pending = _connection.Send(_handler, ApiKey.ApiVersions, 5, request);

        Assert.Equal(ErrorCode.RebootstrapRequired, _connection.Answer<ApiVersionsResponse>(pending).ErrorCode);
    }

    private PendingRequest Dispatch(ApiKey key, short version)
    {
        var pending = _connection.Request(key, version);
        var reader = new WireReader(Memory<byte>.Empty);
        _dispatcher.Dispatch(pending, ref reader);
        return pending;
    }
}
