using System.CommandLine;
using Millrace.Bench.Limits;
using Millrace.Bench.Reports;
using Millrace.Bench.Wire;
using Millrace.Commands;

namespace Millrace.Bench.Commands;

/// <summary>What every benchmark of a cluster is told: where it is, which topic, and how to report.</summary>
/// <param name="hasTopic">It works on a topic that may be given.</param>
internal sealed class TargetOptions(bool hasTopic = true)
{
    private const int MostPartitions = 100_000;

    private readonly Option<string> _bootstrap = CommonOptions.Bootstrap();
    private readonly Option<string?> _topic = new("--topic", "-t")
    {
        Description = "A topic that is there and stays; without it one is made, and deleted in the end.",
    };
    private readonly Option<int> _partitions =
        BenchOption.Number("--partitions", "Partitions of the topic that is made.", 1, 1, MostPartitions);
    private readonly Option<int> _replicas =
        BenchOption.Number("--replication-factor", "Replicas of the topic that is made; -1 for the broker's default.",
            -1, -1, short.MaxValue);
    private readonly Option<int> _pid = BenchOption.Number(
        "--pid", "The broker's process on this machine, to report its CPU and memory; 0 for none.", 0, 0, int.MaxValue);
    private readonly ReportOptions _report = new();

    public void AddTo(Command command)
    {
        command.Add(_bootstrap);
        command.Add(_pid);
        if (hasTopic)
        {
            command.Add(_topic);
            command.Add(_partitions);
            command.Add(_replicas);
        }

        _report.AddTo(command);
    }

    /// <exception cref="BenchException">It is no address.</exception>
    public BrokerAddress Bootstrap(ParseResult result) => BrokerAddress.Parse(result.GetValue(_bootstrap)!)
        ?? throw new UsageException($"--bootstrap {result.GetValue(_bootstrap)}: give it as HOST:PORT.");

    public int? Pid(ParseResult result) => result.GetValue(_pid) is var pid and > 0 ? pid : null;

    public BenchTopic Topic(ParseResult result, Cluster cluster) => BenchTopic.Open(
        cluster, result.GetValue(_topic), result.GetValue(_partitions), (short)result.GetValue(_replicas));

    /// <summary>Null where they are not wanted.</summary>
    public MachineLimits? Limits(ParseResult result) => _report.Limits(result);

    public int Print(ParseResult result, BenchReport report) => _report.Print(result, report);
}
