using Millrace.Core.Controller;
using Millrace.Core.Model;
using Millrace.Core.Telemetry;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Records.Compression;
using Millrace.Protocol.Wire;
using Millrace.Unit.Simulated;

namespace Millrace.Unit.Core.Telemetry;

/// <summary>What clients are told to push, and which pushes are taken (KIP-714).</summary>
public sealed class ClientInstancesTests
{
    private const int MostBytes = 1000;

    private static readonly ClientFacts Client = new("shop", "apache-kafka-java", "4.4.0", "127.0.0.1", 5);
    private static readonly Uuid Id = new(3, 3);

    private readonly ClientInstances _instances = new(new CountedIds(), MostBytes);
    private ConfigsImage _configs = ConfigsImage.Empty;
    private Instant _now = new(1_000_000);

    public ClientInstancesTests() => Subscribe("m", ("interval.ms", "1000"), ("metrics", "org.a.,org.b."));

    [Fact]
    public void AClientWithoutAnIdGetsOne() => Assert.False(Get(Uuid.Zero).ClientInstanceId.IsZero);

    [Fact]
    public void AClientIsToldWhatToPush()
    {
        Subscribe("n", ("interval.ms", "500"), ("metrics", "org.c."), ("match", "client_id=sh.*"));
        Subscribe("other", ("interval.ms", "100"), ("metrics", "*"), ("match", "client_id=sho"));

        var told = Get(Id);

        Assert.Equal(["org.a.", "org.b.", "org.c."], told.RequestedMetrics);
        Assert.Equal(500, told.PushIntervalMs);
        Assert.Equal([4, 3, 1, 2], told.AcceptedCompressionTypes.Select(type => (int)type));
    }

    [Fact]
    public void AllIsTheEmptyPrefix()
    {
        Subscribe("all", ("metrics", "*"));

        Assert.Equal([""], Get(Id).RequestedMetrics);
    }

    [Fact]
    public void AskingAgainBeforeTheIntervalIsThrottled()
    {
        Get(Id);
        _now += 999;
        Assert.Equal(ErrorCode.ThrottlingQuotaExceeded, Get(Id).ErrorCode);
        _now += 1;
        Assert.Equal(ErrorCode.None, Get(Id).ErrorCode);
    }

    [Fact]
    public void AfterAnUnknownSubscriptionTheClientMayAskAtOnce()
    {
        var told = Get(Id);
        Assert.Equal(ErrorCode.UnknownSubscriptionId, Push(told.SubscriptionId + 1));

        Assert.Equal(ErrorCode.None, Get(Id).ErrorCode);
    }

    [Fact]
    public void OtherSubscriptionsHaveAnotherIdAndMayBeAskedForAtOnce()
    {
        var told = Get(Id);
        Subscribe("m", ("metrics", "org.d."));

        var again = Get(Id);

        Assert.Equal(ErrorCode.None, again.ErrorCode);
        Assert.NotEqual(told.SubscriptionId, again.SubscriptionId);
        Assert.Equal(ErrorCode.UnknownSubscriptionId, Push(told.SubscriptionId));
    }

    [Fact]
    public void TheFirstPushMayComeAtOnceAndTheNextAfterTheInterval()
    {
        var subscription = Get(Id).SubscriptionId;

        Assert.Equal(ErrorCode.None, Push(subscription));
        Assert.Equal(ErrorCode.ThrottlingQuotaExceeded, Push(subscription));
        _now += 1000;
        Assert.Equal(ErrorCode.None, Push(subscription));
    }

    [Fact]
    public void TheLastPushMayComeAtAnyTimeOnce()
    {
        var subscription = Get(Id).SubscriptionId;
        Push(subscription);

        Assert.Equal(ErrorCode.None, Push(subscription, isTerminating: true));
        Assert.Equal(ErrorCode.InvalidRequest, Push(subscription, isTerminating: true));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void TheLatestMetricsAreKept(int compression)
    {
        var data = OtlpMetricsTests.Data(OtlpMetricsTests.Metric("a", 5, OtlpMetricsTests.Point(1, [])));
        using var packed = new PooledBuffer(16, MostBytes);
        Codec.Compress((CompressionType)compression, Codec.DefaultLevel, data, packed);

        var subscription = Get(Id).SubscriptionId;
        Assert.Equal(ErrorCode.None, Push(subscription, packed.Span.ToArray(), (sbyte)compression));

        var instance = Assert.Single(_instances.All);
        Assert.Equal("a", Assert.Single(instance.Samples).Name);
        Assert.Equal(_now, instance.PushedAt);
    }

    [Theory]
    [InlineData(9, 10, ErrorCode.UnsupportedCompressionType)]
    [InlineData(0, MostBytes + 1, ErrorCode.TelemetryTooLarge)]
    [InlineData(0, 10, ErrorCode.InvalidRecord)]
    [InlineData(1, 10, ErrorCode.InvalidRecord)]
    public void AWrongPushIsRefused(sbyte compression, int bytes, ErrorCode expected) =>
        Assert.Equal(expected, Push(Get(Id).SubscriptionId, [.. Enumerable.Repeat((byte)0x0b, bytes)], compression));

    [Fact]
    public void WhatDecompressesToTooMuchIsRefused()
    {
        using var packed = new PooledBuffer(16, MostBytes);
        Codec.Compress(
            CompressionType.Gzip, Codec.DefaultLevel, new byte[(MostBytes * ClientInstances.Expansion) + 1], packed);

        Assert.Equal(
            ErrorCode.TelemetryTooLarge,
            Push(Get(Id).SubscriptionId, packed.Span.ToArray(), (sbyte)CompressionType.Gzip));
    }

    [Fact]
    public void WhoWasHeardLeastLatelyGivesWay()
    {
        Get(Id);
        for (var i = 1; i <= ClientInstances.MostInstances; i++)
            Get(new Uuid(7, (ulong)i));

        Assert.Equal(ClientInstances.MostInstances, _instances.All.Length);
        Assert.DoesNotContain(_instances.All, instance => instance.Id == Id);
    }

    [Fact]
    public void OfLongTextsABeginningIsKept()
    {
        _instances.Get(new() { ClientInstanceId = Id }, Client with { ClientId = new('c', 32_000) }, _configs, _now);

        Assert.Equal(new string('c', 255), Assert.Single(_instances.All).Client.ClientId);
    }

    [Fact]
    public void WhoIsSilentIsForgotten()
    {
        Get(Id);
        _now += ClientInstances.LeastSilenceMs - 1;
        Get(new Uuid(7, 1));
        Assert.Equal(2, _instances.All.Length);
        _now += 1;
        Get(new Uuid(7, 1));

        Assert.Equal(new Uuid(7, 1), Assert.Single(_instances.All).Id);
    }

    private void Subscribe(string name, params (string Key, string Value)[] configs)
    {
        foreach (var (key, value) in configs)
            _configs = _configs.Replay(ConfigsImage.Record(ConfigResource.ClientMetrics, name, key, value));
    }

    private GetTelemetrySubscriptionsResponse Get(Uuid id) =>
        _instances.Get(new() { ClientInstanceId = id }, Client, _configs, _now);

    private ErrorCode Push(
        int subscription, byte[]? metrics = null, sbyte compression = 0, bool isTerminating = false) =>
        _instances.Push(
            new()
            {
                ClientInstanceId = Id,
                SubscriptionId = subscription,
                CompressionType = compression,
                Metrics = metrics ?? [],
                Terminating = isTerminating,
            },
            Client, _configs, _now);
}
