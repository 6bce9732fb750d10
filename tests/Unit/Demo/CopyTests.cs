using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Millrace.Demo.Services;

namespace Millrace.Unit.Demo;

/// <summary>A service's copy: each change once, gaps noticed, nothing forgotten over a crash.</summary>
public sealed class CopyTests : IDisposable
{
    private const string Partition = "shop.public.order_lines-0";

    private readonly string _directory = Directory.CreateTempSubdirectory("millrace-copy-").FullName;
    private long _offset;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void ChangesOfARowEndInItsLastState()
    {
        using var copy = Open();

        Give(copy, Create(lsn: 10, version: 1, quantity: 2), Update(lsn: 11, version: 2, quantity: 5));

        Assert.Equal([KeyValuePair.Create("7/1", "3|5|50.00|2")], copy.RowsOf("order_lines"));
        Assert.Equal([KeyValuePair.Create("3", "1|5|50.00")], copy.View.Derived);
        Assert.Equal((2, 0), (copy.Totals.Applied, copy.Totals.Gaps));
    }

    [Fact]
    public void AChangeThatStandsTwiceInTheTopicIsAppliedOnce()
    {
        using var copy = Open();

        Give(copy, Create(10, 1, 2), Update(11, 2, 5), Create(10, 1, 2), Update(11, 2, 5));

        Assert.Equal((2, 2, 0), (copy.Totals.Applied, copy.Totals.Repeated, copy.Totals.Gaps));
        Assert.Equal([KeyValuePair.Create("3", "1|5|50.00")], copy.View.Derived);
    }

    [Fact]
    public void AMissingUpdateIsAGap()
    {
        using var copy = Open();

        Give(copy, Create(10, 1, 2), Update(12, 4, 5));

        Assert.Equal(2, copy.Totals.Gaps);
    }

    [Fact]
    public void AnOldChangeDoesNotBringBackADeletedRow()
    {
        using var copy = Open();

        Give(copy, Create(10, 1, 2), Delete(11), Create(10, 1, 2));

        Assert.Empty(copy.RowsOf("order_lines"));
        Assert.Equal((2, 1), (copy.Totals.Applied, copy.Totals.Repeated));
    }

    [Fact]
    public void AChangeOfTheKeyIsOneChange()
    {
        using var copy = Open();

        Give(copy, Create(10, 1, 2), Delete(11, "__debezium.newkey"), Create(11, 2, 2, line: 4, "__debezium.oldkey"));

        Assert.Equal(["7/4"], copy.RowsOf("order_lines").Select(row => row.Key));
        Assert.Equal((2, 0), (copy.Totals.Applied, copy.Totals.Gaps));
    }

    [Fact]
    public void TheFirstChangeAfterASnapshotMayHaveItsPosition()
    {
        using var copy = Open();

        Give(copy, Event('r', 10, 1, 2, 1), Event('r', 10, 1, 2, 1), Update(10, 2, 5));

        Assert.Equal((2, 1), (copy.Totals.Applied, copy.Totals.Repeated));
    }

    [Fact]
    public void WhatWasSavedIsThereAfterACrashAndTheRestComesAgain()
    {
        using (var crashed = Open())
        {
            Give(crashed, Create(10, 1, 2));
            crashed.Save();
            Give(crashed, Update(11, 2, 5));
        }

        File.AppendAllText(Path.Combine(_directory, "journal"), "r{\"Table\":\"order_li");
        using var copy = Open();
        Assert.Equal(["3|2|20.00|1"], copy.RowsOf("order_lines").Select(row => row.Value));

        _offset = 0;
        Give(copy, Create(10, 1, 2), Update(11, 2, 5));
        copy.Save();

        var loaded = Copy.Load(new SalesRollup(), _directory);
        Assert.Equal(["3|5|50.00|2"], loaded.RowsOf("order_lines").Select(row => row.Value));
        Assert.Equal((2, 1, 0), (loaded.Totals.Applied, loaded.Totals.Reread, loaded.Totals.Repeated));
    }

    private Copy Open() => Copy.Open(new SalesRollup(), _directory);

    private void Give(Copy copy, params ConsumeResult<byte[]?, byte[]?>[] records)
    {
        foreach (var record in records)
        {
            copy.Apply(RowChange.Read(record)!, Partition, _offset);
            copy.Passed(Partition, ++_offset);
        }
    }

    private static ConsumeResult<byte[]?, byte[]?> Create(
        long lsn, int version, int quantity, int line = 1, string? header = null) =>
        Event('c', lsn, version, quantity, line, header);

    private static ConsumeResult<byte[]?, byte[]?> Update(long lsn, int version, int quantity) =>
        Event('u', lsn, version, quantity, 1);

    private static ConsumeResult<byte[]?, byte[]?> Delete(long lsn, string? header = null) =>
        Event('d', lsn, 0, 0, 1, header);

    private static ConsumeResult<byte[]?, byte[]?> Event(
        char operation, long lsn, int version, int quantity, int line, string? header = null)
    {
        var key = string.Create(CultureInfo.InvariantCulture, $"\"order_id\":7,\"line\":{line}");
        var rest = string.Create(CultureInfo.InvariantCulture,
            $"\"product_id\":3,\"quantity\":{quantity},\"amount\":\"{quantity}0.00\",\"version\":{version}");
        var after = operation == 'd' ? "null" : $"{{{key},{rest}}}";
        var source = string.Create(CultureInfo.InvariantCulture,
            $$"""{"table":"order_lines","lsn":{{lsn}},"ts_us":1}""");
        var headers = new Headers();
        if (header is not null)
            headers.Add(header, []);
        return new ConsumeResult<byte[]?, byte[]?>
        {
            Message = new Message<byte[]?, byte[]?>
            {
                Headers = headers,
                Key = Encoding.UTF8.GetBytes($"{{{key}}}"),
                Value = Encoding.UTF8.GetBytes($$"""{"after":{{after}},"source":{{source}},"op":"{{operation}}"}"""),
            },
        };
    }
}
