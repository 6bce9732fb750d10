using System.Text;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Telemetry;

/// <summary>
/// A client that was heard of its metrics: what it shall push, when it may, and what it pushed last.
/// </summary>
/// <remarks>
/// <para>Owned by <see cref="ClientInstances"/>. 1. Between two requests for subscriptions, and between two pushes, the
/// interval passes; the first push behind a request may come at once, and a request at once behind an error that asks
/// for it.</para>
/// </remarks>
internal sealed class ClientInstance(Uuid id)
{
    private Instant? _lastGet;
    private Instant? _lastPush;
    private ErrorCode _lastError;

    public Uuid Id => id;

    public ClientFacts Client { get; private set; } = new("", "", "", "", 0);

    public ClientSubscription Subscription { get; private set; } = new(0, []);

    /// <summary>By which the client names what it was told; another for other metrics or another interval.</summary>
    public int SubscriptionId { get; private set; }

    /// <summary>It said that it would push no more.</summary>
    public bool IsTerminating { get; private set; }

    /// <summary>When it was heard last.</summary>
    public Instant LastHeard { get; private set; }

    /// <summary>How long it is remembered without a word of it.</summary>
    public long MostSilenceMs =>
        Math.Max(ClientInstances.LeastSilenceMs, (long)ClientInstances.SilentIntervals * Subscription.IntervalMs);

    /// <summary>When it pushed <see cref="Samples"/>.</summary>
    public Instant? PushedAt { get; private set; }

    public IReadOnlyList<MetricSample> Samples { get; private set; } = [];

    /// <summary>Of the samples together.</summary>
    public long Weight { get; private set; }

    /// <summary>The subscriptions are others than before: a client that now has to ask again may do so at
    /// once.</summary>
    public void Subscribe(ClientFacts client, ClientSubscription subscription)
    {
        Client = client;
        Subscription = subscription;
        var text = $"{id}{subscription.IntervalMs}{string.Join(',', subscription.Metrics)}";
        var subscriptionId = (int)Crc32C.Compute(Encoding.UTF8.GetBytes(text));
        if (subscriptionId == SubscriptionId)
            return;
        SubscriptionId = subscriptionId;
        _lastGet = null;
        _lastPush = null;
        _lastError = ErrorCode.None;
    }

    public ErrorCode Get(Instant now)
    {
        LastHeard = now;
        var last = _lastGet > _lastPush || _lastPush is null ? _lastGet : _lastPush;
        if (HasPassed(last, now))
            _lastGet = now;
        else if (_lastError is not (ErrorCode.UnknownSubscriptionId or ErrorCode.UnsupportedCompressionType))
            return _lastError = ErrorCode.ThrottlingQuotaExceeded;
        return _lastError = ErrorCode.None;
    }

    /// <summary>Whether a push may come now; what it holds is another question.</summary>
    public ErrorCode BeginPush(Instant now, int subscriptionId, bool isTerminating)
    {
        LastHeard = now;
        if (IsTerminating)
            return _lastError = ErrorCode.InvalidRequest;
        var isFirst = _lastGet is { } asked && (_lastPush is not { } pushed || asked > pushed);
        if (isFirst || HasPassed(_lastPush, now))
            _lastPush = now;
        else if (!isTerminating)
            return _lastError = ErrorCode.ThrottlingQuotaExceeded;
        if (subscriptionId != SubscriptionId)
            return _lastError = ErrorCode.UnknownSubscriptionId;
        IsTerminating = isTerminating;
        return _lastError = ErrorCode.None;
    }

    /// <summary>The push that began was found wrong.</summary>
    public ErrorCode Fail(ErrorCode error) => _lastError = error;

    public void Keep(IReadOnlyList<MetricSample> samples, Instant now)
    {
        Samples = samples;
        Weight = samples.Sum(sample => (long)sample.Weight);
        PushedAt = now;
    }

    private bool HasPassed(Instant? since, Instant now) =>
        since is null || since.Value + Subscription.IntervalMs <= now;
}
