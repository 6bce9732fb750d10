using System.Text.Json;
using Millrace.Core.Groups;

namespace Millrace.Unit.Core.Groups;

public sealed class GroupPartitionTests
{
    [Fact]
    public void EqualsKafkas()
    {
        var rows = File.ReadAllLines(Golden.Path("groups", "partitions.jsonl"));
        Assert.NotEmpty(rows);
        foreach (var row in rows)
        {
            using var json = JsonDocument.Parse(row);
            var id = json.RootElement.GetProperty("id").GetString()!;
            Assert.Equal(json.RootElement.GetProperty("partitionOf50").GetInt32(), GroupPartition.For(id, 50));
        }
    }
}
