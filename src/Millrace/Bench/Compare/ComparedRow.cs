namespace Millrace.Bench.Compare;

/// <summary>A workload's figures on both sides.</summary>
internal sealed record ComparedRow(string Name, IReadOnlyList<ComparedFigure> Figures);
