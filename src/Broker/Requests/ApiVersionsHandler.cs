using Millrace.Core.Controller;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Requests;

/// <summary>
/// ApiVersions (key 18), versions 0 to 5. Tells which APIs and versions are served.
/// </summary>
/// <remarks>
/// <para>A version that is not known is answered with UNSUPPORTED_VERSION in a body of version 0, so that the client
/// can ask again. From version 3 the client names its software, which must look like a name. Version 5 may say which
/// cluster and node it wants: another one sends the client back to its bootstrap addresses.</para>
/// <para>Produce is advertised from version 0, because librdkafka before 2.11.1 else switches compression off
/// (KAFKA-18659); versions 0 to 2 are refused. Features that can be switched off (level 0) are told from version 4 on,
/// for clients before that refuse a lowest level of 0.</para>
/// </remarks>
internal sealed class ApiVersionsHandler(NodeIdentity node, Func<(FeaturesImage, long)> finalizedFeatures)
    : RequestHandler
{
    public RequestDispatcher? Dispatcher { get; set; }

    /// <summary>Whether clients are asked for metrics: until then they are spared the APIs for them.</summary>
    public Func<bool> WantsClientMetrics { get; init; } = () => true;

    public override void Handle(PendingRequest pending, ref WireReader body)
    {
        if (pending.Version is < ApiVersionsRequest.LowestVersion or > ApiVersionsRequest.HighestVersion)
        {
            pending.Reply(new UnsupportedVersion());
            return;
        }

        var request = new ApiVersionsRequest();
        request.Read(ref body, pending.Version);
        var answer = Answer(request, pending.Version);
        if (pending.Version >= 3 && answer.ErrorCode == ErrorCode.None)
            pending.Connection.Software = new(request.ClientSoftwareName, request.ClientSoftwareVersion);
        pending.Reply(answer);
    }

    private ApiVersionsResponse Answer(ApiVersionsRequest request, short version)
    {
        if (version >= 3 && !(IsName(request.ClientSoftwareName) && IsName(request.ClientSoftwareVersion)))
            return new ApiVersionsResponse { ErrorCode = ErrorCode.InvalidRequest };
        if (request.ClusterId is null != request.NodeId < 0)
            return new ApiVersionsResponse { ErrorCode = ErrorCode.InvalidRequest };
        if (request.ClusterId is not null && (request.ClusterId != node.ClusterId || request.NodeId != node.NodeId))
            return new ApiVersionsResponse { ErrorCode = ErrorCode.RebootstrapRequired };

        var response = new ApiVersionsResponse();
        var isTelemetryTold = WantsClientMetrics();
        foreach (var api in Dispatcher!.Served)
        {
            if (isTelemetryTold || api.Key is not (ApiKey.GetTelemetrySubscriptions or ApiKey.PushTelemetry))
                response.ApiKeys.Add(Entry(api));
        }

        AddFeatures(response, version);
        return response;
    }

    private void AddFeatures(ApiVersionsResponse response, short version)
    {
        foreach (var feature in Feature.Supported.Where(feature => feature.Lowest > 0 || version >= 4))
        {
            response.SupportedFeatures.Add(new()
            {
                Name = feature.Name,
                MinVersion = feature.Lowest,
                MaxVersion = feature.Highest,
            });
        }

        var (features, epoch) = finalizedFeatures();
        response.FinalizedFeaturesEpoch = epoch;
        foreach (var (name, level) in features.Levels)
        {
            if (Feature.Find(name) is { } feature)
            {
                var served = Math.Min(level, feature.Highest);
                response.FinalizedFeatures.Add(new()
                {
                    Name = name,
                    MaxVersionLevel = served,
                    MinVersionLevel = served,
                });
            }
        }
    }

    private static ApiVersionsResponse.ApiVersion Entry(ApiVersions api) => new()
    {
        ApiKey = (short)api.Key,
        MinVersion = api.Key == ApiKey.Produce ? (short)0 : api.Lowest,
        MaxVersion = api.Highest,
    };

    /// <summary>Letters, digits, dots and dashes, with a letter or digit at both ends.</summary>
    private static bool IsName(string text) =>
        text.Length > 0
        && char.IsAsciiLetterOrDigit(text[0])
        && char.IsAsciiLetterOrDigit(text[^1])
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-');

    /// <summary>The answer to a version that nobody knows: always in the form of version 0.</summary>
    private sealed class UnsupportedVersion : IMessage
    {
        public void Read(ref WireReader reader, short version) => throw new NotSupportedException();

        public void Write(WireWriter writer, short version)
        {
            var response = new ApiVersionsResponse { ErrorCode = ErrorCode.UnsupportedVersion };
            response.ApiKeys.Add(Entry(Apis.Find((short)ApiKey.ApiVersions)!.Value));
            response.Write(writer, 0);
        }
    }
}
