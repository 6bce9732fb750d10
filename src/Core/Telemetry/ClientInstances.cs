using System.Collections.Immutable;
using Millrace.Core.Controller;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Records.Compression;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Telemetry;

/// <summary>
/// The clients that were heard of their metrics (KIP-714), with what each pushed last. Pure; the caller serialises.
/// </summary>
/// <remarks>
/// <para>Owned by the handlers of telemetry. Nothing of it is durable: after a restart clients ask again. 1. At most
/// <see cref="MostInstances"/> clients and samples of <see cref="MostWeight"/> are kept: the client that was heard
/// least lately goes first. 2. Of a client's own texts <see cref="ClientFacts.MostCharacters"/> are kept. 3. Who was
/// not heard for <see cref="SilentIntervals"/> of its intervals, and <see cref="LeastSilenceMs"/> at least, is
/// forgotten when another comes. 4. A push decompresses to <see cref="Expansion"/> times the largest push at
/// most.</para>
/// </remarks>
internal sealed class ClientInstances(IRandomness randomness, int mostBytes)
{
    public const int MostInstances = 10_000;
    public const long MostWeight = 50_000_000;
    public const int MostSamplesOfOne = 5_000;
    public const int SilentIntervals = 3;
    public const int LeastSilenceMs = 300_000;
    public const int Expansion = 4;

    /// <summary>In the order in which clients are to prefer them.</summary>
    private static readonly CompressionType[] Accepted =
        [CompressionType.Zstd, CompressionType.Lz4, CompressionType.Gzip, CompressionType.Snappy];

    private readonly Dictionary<Uuid, LinkedListNode<ClientInstance>> _instances = [];

    /// <summary>Those that were heard least lately first.</summary>
    private readonly LinkedList<ClientInstance> _byHeard = new();
    private ConfigsImage _configs = ConfigsImage.Empty;
    private ClientSubscriptions _subscriptions = new(ConfigsImage.Empty);
    private long _weight;

    /// <summary>All that are known, in no order.</summary>
    public ImmutableArray<ClientInstance> All => [.. _byHeard];

    public GetTelemetrySubscriptionsResponse Get(
        GetTelemetrySubscriptionsRequest request, ClientFacts client, ConfigsImage configs, Instant now)
    {
        var id = request.ClientInstanceId.IsZero ? randomness.NewUuid() : request.ClientInstanceId;
        var instance = Find(id, client.Cut(), configs, now);
        if (instance.Get(now) is var error and not ErrorCode.None)
            return new GetTelemetrySubscriptionsResponse { ErrorCode = error };
        return new GetTelemetrySubscriptionsResponse
        {
            ClientInstanceId = id,
            SubscriptionId = instance.SubscriptionId,
            AcceptedCompressionTypes = [.. Accepted.Select(type => (sbyte)type)],
            PushIntervalMs = instance.Subscription.IntervalMs,
            TelemetryMaxBytes = mostBytes,
            DeltaTemporality = true,
            RequestedMetrics = [.. instance.Subscription.Metrics],
        };
    }

    public ErrorCode Push(PushTelemetryRequest request, ClientFacts client, ConfigsImage configs, Instant now)
    {
        if (request.ClientInstanceId.IsZero)
            return ErrorCode.InvalidRequest;
        var instance = Find(request.ClientInstanceId, client.Cut(), configs, now);
        if (instance.BeginPush(now, request.SubscriptionId, request.Terminating) is var error and not ErrorCode.None)
            return error;
        var type = (CompressionType)request.CompressionType;
        if (type != CompressionType.None && !Accepted.Contains(type))
            return instance.Fail(ErrorCode.UnsupportedCompressionType);
        if (request.Metrics.Length > mostBytes)
            return instance.Fail(ErrorCode.TelemetryTooLarge);
        if (request.Metrics.IsEmpty)
            return ErrorCode.None;
        var result = Codec.TryDecompress(type, request.Metrics.Span, mostBytes * Expansion, out var content);
        if (result != DecompressResult.Ok)
        {
            return instance.Fail(result == DecompressResult.TooLarge
                ? ErrorCode.TelemetryTooLarge
                : ErrorCode.InvalidRecord);
        }

        using (content)
        {
            try
            {
                Keep(instance, OtlpMetrics.Read(content!.Memory.Span, MostSamplesOfOne), now);
                return ErrorCode.None;
            }
            catch (MalformedFrameException)
            {
                return instance.Fail(ErrorCode.InvalidRecord);
            }
        }
    }

    private ClientInstance Find(Uuid id, ClientFacts client, ConfigsImage configs, Instant now)
    {
        Forget(now);
        if (configs != _configs)
            (_configs, _subscriptions) = (configs, new ClientSubscriptions(configs));
        if (_instances.TryGetValue(id, out var node))
        {
            _byHeard.Remove(node);
            _byHeard.AddLast(node);
        }
        else
        {
            if (_instances.Count >= MostInstances)
                RemoveFirst();
            _instances[id] = node = _byHeard.AddLast(new ClientInstance(id));
        }

        node.Value.Subscribe(client, _subscriptions.For(id, client));
        return node.Value;
    }

    private void Keep(ClientInstance instance, List<MetricSample> samples, Instant now)
    {
        _weight -= instance.Weight;
        instance.Keep(samples, now);
        _weight += instance.Weight;
        while (_weight > MostWeight)
            RemoveFirst();
    }

    /// <summary>
    /// Those that are silent for too long, as far as they were heard before all that are not.
    /// </summary>
    private void Forget(Instant now)
    {
        while (_byHeard.First?.Value is { } first && first.LastHeard + first.MostSilenceMs <= now)
            RemoveFirst();
    }

    private void RemoveFirst()
    {
        var first = _byHeard.First!.Value;
        _weight -= first.Weight;
        _instances.Remove(first.Id);
        _byHeard.RemoveFirst();
    }
}
