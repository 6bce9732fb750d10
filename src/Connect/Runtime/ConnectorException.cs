namespace Millrace.Connect.Runtime;

/// <summary>
/// Why a connector stopped: what is wrong and what cures it, usually SQL to run. Waiting does not help.
/// </summary>
public sealed class ConnectorException(string problem, string remedy, Exception? cause = null)
    : Exception($"{problem}\n  Cure: {remedy}", cause)
{
    public string Problem { get; } = problem;

    public string Remedy { get; } = remedy;
}
