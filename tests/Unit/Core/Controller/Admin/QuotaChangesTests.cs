using Millrace.Core.Controller;
using Millrace.Core.Controller.Admin;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Core.Controller.Admin;

/// <summary>Which quotas are stored, and which are found.</summary>
public sealed class QuotaChangesTests
{
    private ClientQuotasImage _image = ClientQuotasImage.Empty;

    [Theory]
    [InlineData("user", "u", "producer_byte_rate", 1, true)]
    [InlineData("user", null, "request_percentage", 0.5, true)]
    [InlineData("ip", "203.0.113.9", "connection_creation_rate", 1, true)]
    [InlineData("user", "u", "producer_byte_rate", 0, false)]
    [InlineData("user", "u", "producer_byte_rate", -1, false)]
    [InlineData("user", "u", "producer_byte_rate", 1.5, false)]
    [InlineData("user", "u", "producer_byte_rate", double.NaN, false)]
    [InlineData("user", "u", "request_percentage", double.PositiveInfinity, false)]
    [InlineData("user", "u", "no_such_rate", 1, false)]
    [InlineData("user", "", "producer_byte_rate", 1, false)]
    [InlineData("user", "u", "connection_creation_rate", 1, false)]
    [InlineData("ip", "203.0.113.9", "producer_byte_rate", 1, false)]
    [InlineData("ip", "203.0.113.9", "connection_creation_rate", 3e9, false)]
    [InlineData("ip", "no.address", "connection_creation_rate", 1, false)]
    [InlineData("group", "g", "producer_byte_rate", 1, false)]
    public void AQuotaMustFitItsEntity(string type, string? name, string key, double value, bool isGood)
    {
        var result = Alter([Entry(key, value, (type, name))]).Entries.Single();

        Assert.Equal(isGood ? ErrorCode.None : ErrorCode.InvalidRequest, result.ErrorCode);
        Assert.Equal(isGood ? 1 : 0, _image.Quotas.Count);
    }

    [Fact]
    public void AnEntityIsTakenOnce()
    {
        var first = Entry("producer_byte_rate", 1, ("user", "u"));
        var second = Entry("producer_byte_rate", 2, ("user", "u"));

        Assert.Equal(ErrorCode.InvalidRequest, Alter([first, second]).Entries.Single().ErrorCode);
        Assert.Equal(1, _image.Quotas.Single().Value["producer_byte_rate"]);
    }

    [Fact]
    public void WhatIsRemovedIsGone()
    {
        Alter([Entry("producer_byte_rate", 1, ("user", "u"))]);
        var removal = Entry("producer_byte_rate", 0, ("user", "u"));
        removal.Ops[0].Remove = true;

        Alter([removal], validateOnly: true);
        Assert.Single(_image.Quotas);
        Alter([removal]);

        Assert.Empty(_image.Quotas);
    }

    [Theory]
    [InlineData("user", 0, "u", true, new[] { "user=u" })]
    [InlineData("user", 0, "u", false, new[] { "client-id=c,user=u", "user=u" })]
    [InlineData("user", 1, null, true, new[] { "user=" })]
    [InlineData("user", 2, null, false, new[] { "client-id=c,user=u", "user=", "user=u" })]
    [InlineData("client-id", 0, "none", false, new string[0])]
    public void AFilterFinds(string type, sbyte matchType, string? match, bool strict, string[] expected)
    {
        Alter(
        [
            Entry("producer_byte_rate", 1, ("user", "u")),
            Entry("producer_byte_rate", 1, ("user", null)),
            Entry("producer_byte_rate", 1, ("user", "u"), ("client-id", "c")),
        ]);

        var found = QuotaFilter.Describe(Filter(strict, (type, matchType, match)), _image);

        Assert.Equal(expected, found.Entries!.Select(entry => string.Join(
            ',', entry.Entity.Select(part => $"{part.EntityType}={part.EntityName}"))).Order());
    }

    [Theory]
    [InlineData("", 0, "x", ErrorCode.InvalidRequest)]
    [InlineData("user", 9, "x", ErrorCode.InvalidRequest)]
    [InlineData("user", 0, null, ErrorCode.InvalidRequest)]
    [InlineData("user", 1, "x", ErrorCode.InvalidRequest)]
    [InlineData("group", 0, "x", ErrorCode.UnsupportedVersion)]
    public void AWrongFilterIsRefused(string type, sbyte matchType, string? match, ErrorCode expected)
    {
        var found = QuotaFilter.Describe(Filter(true, (type, matchType, match)), _image);

        Assert.Equal(expected, found.ErrorCode);
        Assert.Null(found.Entries);
    }

    private AlterClientQuotasResponse Alter(
        List<AlterClientQuotasRequest.EntryData> entries, bool validateOnly = false)
    {
        var records = new List<IMessage>();
        var request = new AlterClientQuotasRequest { Entries = entries, ValidateOnly = validateOnly };
        var response = QuotaChanges.Alter(request, _image, records);
        foreach (var record in records.Cast<ClientQuotaRecord>())
            _image = _image.Replay(record);
        return response;
    }

    private static AlterClientQuotasRequest.EntryData Entry(
        string key, double value, params (string Type, string? Name)[] entity) => new()
        {
            Entity = [.. entity.Select(part => new AlterClientQuotasRequest.EntityData
        {
            EntityType = part.Type,
            EntityName = part.Name,
        })],
            Ops = [new() { Key = key, Value = value }],
        };

    private static DescribeClientQuotasRequest Filter(
        bool strict, params (string Type, sbyte MatchType, string? Match)[] components) => new()
        {
            Strict = strict,
            Components = [.. components.Select(component => new DescribeClientQuotasRequest.ComponentData
        {
            EntityType = component.Type,
            MatchType = component.MatchType,
            Match = component.Match,
        })],
        };
}
