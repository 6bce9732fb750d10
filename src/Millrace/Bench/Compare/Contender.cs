using Millrace.Bench.Brokers;
using Millrace.Bench.Wire;

namespace Millrace.Bench.Compare;

/// <summary>One side of a comparison: a broker to be started, or one that runs.</summary>
internal sealed record Contender(BrokerCommand? Command, BrokerAddress? Address)
{
    public string Text => Command?.Text ?? Address!.ToString();
}
