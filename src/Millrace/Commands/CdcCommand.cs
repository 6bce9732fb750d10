using System.CommandLine;
using Millrace.Connect;
using Millrace.Connect.Config;
using Millrace.Connect.Runtime;

namespace Millrace.Commands;

/// <summary>
/// <c>millrace cdc postgres --KEY VALUE ...</c>: a connector on its own, writing to any Kafka cluster.
/// </summary>
internal static class CdcCommand
{
    private static readonly Dictionary<string, string> Defaults = new()
    {
        ["name"] = "millrace-cdc",
        ["bootstrap.servers"] = "127.0.0.1:9092",
    };

    public static Command Create() => new("cdc", "Capture the changes of a database.") { Postgres() };

    private static Command Postgres()
    {
        var file = new Option<string?>("--properties")
        {
            Description = "A file of Debezium's properties; options of the command line go before it.",
            HelpName = "FILE",
        };
        var command = new Command(
            "postgres",
            "Capture the changes of a PostgreSQL database. Every property of Debezium's connector that is supported is "
            + "an option: --database.hostname localhost --table.include.list public.orders ...")
        {
            file,
        };
        foreach (var (name, documentation) in ConnectorConfig.Properties)
            command.Options.Add(new Option<string?>("--" + name) { Description = documentation, HelpName = "VALUE" });
        command.SetAction(async (result, cancelled) =>
        {
            try
            {
                var properties = new Dictionary<string, string>(Defaults);
                if (result.GetValue(file) is { } path)
                    Merge(properties, PropertiesFile.Load(path));
                foreach (var (name, _) in ConnectorConfig.Properties)
                {
                    if (result.GetValue<string?>("--" + name) is { } value)
                        properties[name] = value;
                }

                return await RunAsync(ConnectorConfig.Of(properties));
            }
            catch (ConfigException wrong)
            {
                return KafkaClient.Usage(wrong.Message);
            }
        });
        return command;
    }

    private static async Task<int> RunAsync(ConnectorConfig config)
    {
        using var stop = new StopSignal();
        using var cancel = new CancellationTokenSource();
        await using var connector = new PostgresConnector(config, "", Log.Line);
        var running = Task.Run(() => connector.RunAsync(cancel.Token));
        await Task.WhenAny(running, stop.Requested);
        await cancel.CancelAsync();
        try
        {
            await running;
            return ExitCode.Success;
        }
        catch (ConnectorException)
        {
            // The connector has logged it.
            return ExitCode.Failure;
        }
    }

    private static void Merge(Dictionary<string, string> into, IReadOnlyDictionary<string, string> from)
    {
        foreach (var (key, value) in from)
            into[key] = value;
    }
}
