using System.Text;
using Millrace.Core.Telemetry;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Core.Telemetry;

/// <summary>What is read of an OpenTelemetry message.</summary>
public sealed class OtlpMetricsTests
{
    [Fact]
    public void GaugesAndSumsAreRead()
    {
        var gauge = Metric("a.rate", 5, Point(1, [.. Field(4, BitConverter.GetBytes(2.5))]));
        var sum = Metric("b.total", 7, [
            .. Point(1, [.. Field(6, BitConverter.GetBytes(-3L)), .. Attribute("node", "1")]), 0x10, 1]);

        var samples = OtlpMetrics.Read(Data([.. gauge, .. sum]), 10);

        Assert.Equal(
            [("a.rate", 2.5, false), ("b.total", -3, true)],
            samples.Select(sample => (sample.Name, sample.Value, sample.IsDelta)));
        Assert.Equal([("node", "1")], samples[1].Attributes);
    }

    [Fact]
    public void NoMoreAreReadThanWanted()
    {
        var metric = Metric("a", 5, [.. Enumerable.Repeat(Point(1, []), 9).SelectMany(point => point)]);

        Assert.Equal(4, OtlpMetrics.Read(Data(metric), 4).Count);
    }

    [Theory]
    [InlineData(new byte[] { 0x0a })]
    [InlineData(new byte[] { 0x0a, 0x05, 0x12 })]
    [InlineData(new byte[] { 0x0b })]
    [InlineData(new byte[] { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff })]
    [InlineData(new byte[] { 0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 })]
    public void WhatIsNoMessageIsRefused(byte[] bytes) =>
        Assert.Throws<MalformedFrameException>(() => OtlpMetrics.Read(bytes, 10));

    /// <summary>A MetricsData with one scope.</summary>
    internal static byte[] Data(byte[] metrics) => Message(1, Message(2, metrics));

    internal static byte[] Metric(string name, int kind, byte[] data) =>
        Message(2, [.. Message(1, Encoding.UTF8.GetBytes(name)), .. Message(kind, data)]);

    internal static byte[] Point(int field, byte[] point) => Message(field, point);

    private static byte[] Attribute(string key, string value) => Message(7, [
        .. Message(1, Encoding.UTF8.GetBytes(key)), .. Message(2, Message(1, Encoding.UTF8.GetBytes(value)))]);

    private static byte[] Field(int field, byte[] fixed64) => [(byte)((field << 3) | 1), .. fixed64];

    private static byte[] Message(int field, byte[] content)
    {
        Assert.InRange(content.Length, 0, 127);
        return [(byte)((field << 3) | 2), (byte)content.Length, .. content];
    }
}
