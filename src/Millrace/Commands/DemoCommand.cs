using System.CommandLine;
using Millrace.Demo;
using Millrace.Demo.Services;

namespace Millrace.Commands;

/// <summary><c>millrace demo</c>: database changes flow into Kafka consumers and survive crashes.</summary>
internal static class DemoCommand
{
    /// <summary>Stopped by SIGINT or SIGTERM before it had compared anything: neither a success nor a loss.</summary>
    private const int Stopped = 130;

    public static Command Create()
    {
        var seconds = new Option<int>("--seconds", "-s")
        {
            Description = "How long the application takes orders, at least; from 10 on.",
            DefaultValueFactory = _ => 45,
        };
        var rate = new Option<int>("--rate", "-r")
        {
            Description = "Transactions a second.",
            DefaultValueFactory = _ => 200,
        };
        var keep = new Option<bool>("--keep") { Description = "Leave the directory with databases, logs and copies." };
        var postgres = new Option<string?>("--postgres")
        {
            Description = "Directory of a PostgreSQL server's programs; found or installed if not given.",
            HelpName = "DIR",
        };
        var command = new Command("demo", "Watch database changes flow into Kafka consumers and survive crashes.")
        {
            seconds, rate, keep, postgres, Service(),
        };
        command.SetAction((result, _) =>
        {
            var (duration, perSecond) = (result.GetValue(seconds), result.GetValue(rate));
            if (duration is < 10 or > 86_400)
                return Task.FromResult(KafkaClient.Usage($"--seconds {duration}: give a number from 10 to 86400."));
            if (perSecond is < 1 or > 100_000)
                return Task.FromResult(KafkaClient.Usage($"--rate {perSecond}: give a number from 1 to 100000."));
            if (result.GetValue(postgres) is { } programs && !PostgresPrograms.IsServer(programs))
                return Task.FromResult(KafkaClient.Usage($"--postgres {programs}: no initdb and postgres there."));
            return RunAsync(new DemoOptions(
                TimeSpan.FromSeconds(duration), perSecond, result.GetValue(keep), result.GetValue(postgres)));
        });
        return command;
    }

    /// <summary>One of the demo's services, started by the demo; it ends when its standard input does.</summary>
    private static Command Service()
    {
        var name = new Argument<string>("name");
        name.AcceptOnlyFromAmong(ServiceNames.All);
        var bootstrap = CommonOptions.Bootstrap();
        var state = new Option<string>("--state") { Required = true };
        var command = new Command("service") { name, bootstrap, state };
        command.Hidden = true;
        command.SetAction(result =>
        {
            using var deaf = new StopSignal(); // a signal of the terminal is for the demo, which then ends this
            using var stop = new CancellationTokenSource();
            _ = Task.Run(() =>
            {
                while (Console.In.ReadLine() is not null)
                {
                }

                stop.Cancel();
            });
            using var consumer = new ChangeConsumer(result.GetValue(name)!, result.GetValue(bootstrap)!,
                PrivateMillrace.TopicPrefix, result.GetValue(state)!);
            consumer.Run(stop.Token);
            return ExitCode.Success;
        });
        return command;
    }

    private static async Task<int> RunAsync(DemoOptions options)
    {
        using var stop = new StopSignal();
        try
        {
            using var run = new DemoRun(options, stop.Token);
            return await run.RunAsync() ? ExitCode.Success : ExitCode.Failure;
        }
        catch (DemoException failure)
        {
            Console.Error.WriteLine(failure.Message);
            return ExitCode.Failure;
        }
        catch (OperationCanceledException) when (stop.Token.IsCancellationRequested)
        {
            Console.Error.WriteLine("stopped before the comparison; nothing is left running");
            return Stopped;
        }
    }
}
