namespace Millrace.Fuzz.BadInput;

/// <summary>Each API answers what is bad with Kafka's error code, and tells its operator nothing of it.</summary>
public sealed class RowTests
{
    public static TheoryData<int> Rows => [.. Enumerable.Range(0, BadRow.All.Length)];

    [Theory]
    [MemberData(nameof(Rows))]
    public void IsAnsweredAsKafkaDoes(int index)
    {
        var row = BadRow.All[index];
        var broker = new AskedBroker();
        var existing = broker.Prepare();
        broker.Simulated!.Told.Clear();
        var found = broker.Errors(row, existing);
        Assert.True(row.Expected == found, $"{row}: {found}, Kafka says {row.Expected}");
        Assert.Empty(broker.Simulated.Told);
    }

    [Fact]
    public void EveryApiHasARow()
    {
        var served = new AskedBroker().Simulated!.Dispatcher.Served.Select(api => api.Key);
        Assert.Empty(served.Except(BadRow.All.Select(row => row.Key)));
    }
}
