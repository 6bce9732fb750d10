using System.CommandLine;
using Millrace.Bench.Librdkafka;
using Millrace.Bench.Limits;
using Millrace.Bench.Load;
using Millrace.Bench.Reports;
using Millrace.Bench.Wire;

namespace Millrace.Bench.Commands;

/// <summary><c>millrace bench e2e</c>.</summary>
internal static class EndToEndBench
{
    private const int LargestRecord = 1 << 20;

    public static Command Create()
    {
        var target = new TargetOptions();
        var window = new WindowOptions();
        var rate = BenchOption.Number("--rate", "Records a second.", 1000, 1, 100_000);
        var record = BenchOption.Size("--record-size", "Bytes of a record.", "100", 8, LargestRecord);
        var acks = new Option<string>("--acks") { Description = "all or 1.", DefaultValueFactory = _ => "1" };
        acks.AcceptOnlyFromAmong("all", "1");
        var client = BenchOption.Client();
        var command = new Command("e2e",
            "Send records at a fixed rate and fetch them. Latency counts from the time when a record was due.")
        {
            rate, record, acks, client,
        };
        window.AddTo(command, byBytes: false);
        target.AddTo(command);
        command.SetAction(result => BenchCommand.Run(() =>
        {
            var load = new EndToEndLoad(
                (int)result.GetValue(record), result.GetValue(rate), (short)(result.GetValue(acks) == "all" ? -1 : 1))
            {
                WarmUp = window.WarmUp(result),
                Duration = window.Duration(result),
            };
            using var cluster = new Cluster(target.Bootstrap(result));
            using var topic = target.Topic(result, cluster);
            var measured = result.GetValue(client) == BenchOption.Librdkafka
                ? LibrdkafkaLoad.EndToEnd(cluster, topic.Topic, load, target.Pid(result))
                : load.Run(cluster, topic.Topic, target.Pid(result));
            var limits = target.Limits(result)?.Measure(load.RecordBytes, load.PerSecond);
            return target.Print(result, Report(load, measured, limits));
        }));
        return command;
    }

    public static BenchReport Report(EndToEndLoad load, EndToEndResult measured, LimitReport? limits)
    {
        var settings = new Dictionary<string, object>
        {
            ["recordBytes"] = load.RecordBytes,
            ["recordsPerSecond"] = load.PerSecond,
            ["acks"] = load.Acks == -1 ? "all" : load.Acks,
        };
        var counters = measured.Load.Counters;
        return new BenchReport("e2e")
        {
            Settings = settings,
            Figures =
            {
                ["recordsPerSecond"] = Math.Round(counters.Records / measured.Load.Seconds, 1),
                ["seconds"] = Math.Round(measured.Load.Seconds, 3),
                ["records"] = counters.Records,
                ["bytes"] = counters.Bytes,
            },
            LatencyMicros =
            {
                ["endToEnd"] = measured.EndToEnd,
                ["ack"] = measured.Ack,
                ["sentLate"] = measured.Late,
            },
            Broker = measured.Load.Broker,
            Client = measured.Load.Client,
            Limits = limits,
        };
    }
}
