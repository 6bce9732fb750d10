using System.Text;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Protocol.Wire;

/// <summary>What is written of texts that are too long.</summary>
public sealed class WireWriterTests
{
    [Fact]
    public void AnErrorMessageThatRepeatsALongTextIsCut()
    {
        using var writer = new WireWriter();
        var response = new ConsumerGroupHeartbeatResponse { ErrorMessage = $"Group {new string('g', 32_767)}." };

        response.Write(writer, 0);

        Assert.InRange(writer.Length, 1000, 1100);
        Assert.Contains("Group ggg", Encoding.UTF8.GetString(writer.WrittenSpan), StringComparison.Ordinal);
    }
}
