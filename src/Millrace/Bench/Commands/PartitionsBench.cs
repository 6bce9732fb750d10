using System.CommandLine;
using System.Diagnostics;
using Millrace.Bench.Load;
using Millrace.Bench.Reports;
using Millrace.Bench.Wire;

namespace Millrace.Bench.Commands;

/// <summary><c>millrace bench partitions</c>: what many partitions cost.</summary>
internal static class PartitionsBench
{
    public static Command Create()
    {
        var target = new TargetOptions(hasTopic: false);
        var count = BenchOption.Number("--count", "Partitions.", 1000, 1, 100_000);
        var command = new Command("partitions",
            "Make a topic of many partitions, append a record to each, and delete it.")
        {
            count,
        };
        target.AddTo(command);
        command.SetAction(result => BenchCommand.Run(() =>
        {
            using var cluster = new Cluster(target.Bootstrap(result));
            return target.Print(result, Measure(cluster, result.GetValue(count), target.Pid(result)));
        }));
        return command;
    }

    private static BenchReport Measure(Cluster cluster, int count, int? pid)
    {
        var before = ProcessUsage.Of(pid);
        var began = Stopwatch.GetTimestamp();
        var topic = BenchTopic.Open(cluster, null, count);
        double Lap()
        {
            var lap = Stopwatch.GetElapsedTime(began);
            began = Stopwatch.GetTimestamp();
            return Math.Round(lap.TotalSeconds, 3);
        }

        var report = new BenchReport("partitions") { Settings = { ["count"] = count } };
        using (topic)
        {
            report.Figures["createSeconds"] = Lap();
            var created = ProcessUsage.Of(pid);
            Append(topic.Topic);
            report.Figures["appendSeconds"] = Lap();
            if (before is not null && created is not null && ProcessUsage.Of(pid) is { } filled)
            {
                report.Figures["rssBytesPerPartition"] =
                    Math.Round((double)(created.RssBytes - before.RssBytes) / count);
                report.Figures["rssBytesPerPartitionFilled"] =
                    Math.Round((double)(filled.RssBytes - before.RssBytes) / count);
            }

            Lap();
        }

        report.Figures["deleteSeconds"] = Lap();
        return report;
    }

    /// <summary>One record to each partition, over one connection to each leader.</summary>
    public static void Append(TopicPartitions topic)
    {
        var leaders = topic.Partitions.Select(partition => partition.Broker).Distinct().Count();
        var spec = new BatchSpec(RecordBytes: 100, BatchBytes: 1);
        var bytes = (long)spec.Build(seed: 0, timestampMs: 0).Length * topic.Partitions.Count;
        var options = new ProduceOptions(spec, leaders, InFlight: 100, Acks: 1)
        {
            WarmUp = TimeSpan.Zero, Bytes = bytes,
        };
        var window = new LoadWindow(options.WarmUp, options.Duration, options.Bytes);
        var workers = Placement.Deal(topic, leaders)
            .Select((placement, i) => new ProduceWorker(placement, topic, options, window, i))
            .ToList();
        try
        {
            LoadRun.Run(workers, window, brokerPid: null);
        }
        finally
        {
            workers.ForEach(worker => worker.Dispose());
        }
    }
}
