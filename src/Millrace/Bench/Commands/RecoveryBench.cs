using System.CommandLine;
using System.Diagnostics;
using Millrace.Bench.Brokers;
using Millrace.Bench.Load;
using Millrace.Bench.Reports;
using Millrace.Bench.Wire;

namespace Millrace.Bench.Commands;

/// <summary><c>millrace bench recovery COMMAND</c>: the start after kill -9 under a full log.</summary>
internal static class RecoveryBench
{
    public static Command Create()
    {
        var report = new ReportOptions();
        var broker = BrokerOptions.Command("COMMAND");
        var data = BrokerOptions.DataParent();
        var bytes = BenchOption.Size("--bytes", "What is appended before.", "1GiB", 1, long.MaxValue);
        var cold = new Option<bool>("--cold") { Description = "Empty the page cache before the start; needs root." };
        var command = new Command("recovery",
            "Start a broker, append to one partition, kill -9, start again, and find every acknowledged record.")
        {
            broker, data, bytes, cold,
        };
        report.AddTo(command);
        command.SetAction(result => BenchCommand.Run(() => report.Print(result, Measure(
            new BrokerCommand(result.GetValue(broker)!), result.GetValue(data)!, result.GetValue(bytes),
            result.GetValue(cold)))));
        return command;
    }

    /// <summary>Appends, kills, starts, and counts what is there.</summary>
    public static BenchReport Measure(BrokerCommand command, string dataParent, long bytes, bool isCold)
    {
        using var data = new BrokerData(dataParent);
        var port = BrokerCommand.FreePorts();
        string topic;
        long end;
        using (var broker = command.Start(data.Path, port))
        {
            broker.WaitUntilServing();
            using var cluster = new Cluster(broker.Address);
            var partitions = cluster.CreateTopic("millrace-bench", 1, -1);
            topic = partitions.Name;
            var spec = new BatchSpec(RecordBytes: 1024, BatchBytes: 64 * 1024);
            var options = new ProduceOptions(spec, Connections: 1, InFlight: 5, Acks: 1)
            {
                WarmUp = TimeSpan.Zero, Bytes = bytes,
            };
            ProduceLoad.Run(cluster, partitions, options, brokerPid: null);
            end = cluster.EndOffset(partitions, partitions.Partitions[0]);
            broker.Kill();
        }

        if (isCold && !BrokerData.TryEmptyPageCache())
            throw new BenchException("--cold: the page cache can be emptied by root only.");
        using var again = command.Start(data.Path, port);
        var began = Stopwatch.GetTimestamp();
        var serving = again.WaitUntilServing();
        using var recovered = new Cluster(again.Address);
        var found = recovered.FindTopic(topic);
        var endFound = recovered.EndOffset(found, found.Partitions[0]);
        var whole = Stopwatch.GetElapsedTime(began);
        again.Stop();
        return new BenchReport("recovery")
        {
            Settings = { ["command"] = command.Text, ["bytes"] = bytes, ["cold"] = isCold },
            Figures =
            {
                ["servingMillis"] = Math.Round(serving.TotalMilliseconds, 1),
                ["recoveredMillis"] = Math.Round(whole.TotalMilliseconds, 1),
                ["secondsPerGib"] = Math.Round(whole.TotalSeconds / bytes * (1 << 30), 3),
                ["records"] = endFound,
                ["acknowledgedRecordsLost"] = Math.Max(0, end - endFound),
            },
        };
    }
}
