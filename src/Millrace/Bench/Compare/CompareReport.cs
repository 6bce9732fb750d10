using System.Text.Encodings.Web;
using System.Text.Json;
using Millrace.Bench.Limits;
using Millrace.Bench.Reports;
using Millrace.Commands;

namespace Millrace.Bench.Compare;

/// <summary>What a comparison found; <c>-o json</c> prints it as it is.</summary>
/// <param name="A">The address or command of the first.</param>
/// <param name="B">That of the second, which the first is divided by; null if there is none.</param>
/// <param name="Rounds">How often A-B-B-A was run.</param>
/// <param name="IsPageCacheEmptied">Before each visit of a broker that was started for it.</param>
/// <param name="Rows">By workload.</param>
/// <param name="Limits">Those of the machine, just after.</param>
/// <param name="Warnings">What speaks against the figures.</param>
internal sealed record CompareReport(
    string A, string? B, int Rounds, bool IsPageCacheEmptied, IReadOnlyList<ComparedRow> Rows, LimitReport? Limits,
    IReadOnlyList<string> Warnings)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
    };

    public string Bench { get; } = "compare";

    public string Version { get; } = VersionCommand.Version;

    public MachineReport Machine { get; } = MachineReport.Here();

    public string ToJson() => JsonSerializer.Serialize(this, Json);
}
