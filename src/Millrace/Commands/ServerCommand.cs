using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using Millrace.Broker;
using Millrace.Broker.Io;
using Millrace.Connect.Config;
using Millrace.Core.Configs;
using Millrace.Web;

namespace Millrace.Commands;

/// <summary><c>millrace server</c>: the broker, the HTTP port and the connectors in one process.</summary>
internal static class ServerCommand
{
    public static Command Create()
    {
        var data = new Option<string>("--data", "-d")
        {
            Description = "The data directory; it is made if it is not there.",
            DefaultValueFactory = _ => "millrace-data",
            HelpName = "DIR",
        };
        var kafka = CommonOptions.Address("--kafka", "Where Kafka clients connect to.", "127.0.0.1:9092");
        var http = CommonOptions.Address("--http", "Where HTTP clients connect to.", "127.0.0.1:8083");
        var config = new Option<string?>("--config", "-c")
        {
            Description = "A file of broker settings, key=value a line, by Kafka's names.",
            HelpName = "FILE",
        };
        var set = new Option<string[]>("--set")
        {
            Description = "A broker setting; goes before those of the file. Repeatable.",
            HelpName = "key=value",
        };
        var connectors = new Option<string[]>("--connector")
        {
            Description = "A connector to run, as a file of Debezium's properties. Repeatable.",
            HelpName = "FILE",
        };
        var traceRequests = new Option<bool>("--trace-requests")
        {
            Description = "Logs each request: client, API, version, sizes, latency, error codes.",
        };
        var command = new Command("server", "Run a broker, with its connectors. Prints 'ready ...' once it serves.")
        {
            data, kafka, http, config, set, connectors, traceRequests,
        };
        command.SetAction(async (result, _) =>
        {
            try
            {
                if (!KeyValue.TryParseAll(result.GetValue(set), out var given, out var bad))
                    return Refuse($"--set {bad}: give it as key=value.");
                var settings = Settings(result.GetValue(config), given);
                var loaded = (result.GetValue(connectors) ?? []).Select(Load).ToList();
                if (loaded.CountBy(connector => connector.Name).FirstOrDefault(name => name.Value > 1).Key is { } twice)
                    return Refuse($"Two connectors are named {twice}: give each a name and a slot.name of its own.");
                return await ServeAsync(
                    result.GetValue(data)!, result.GetValue(kafka)!, result.GetValue(http)!, settings, loaded,
                    result.GetValue(traceRequests));
            }
            catch (Exception wrong) when (wrong is InvalidConfigException or ConfigException or DataDirectoryException)
            {
                return Refuse(wrong.Message);
            }
        });
        return command;
    }

    private static async Task<int> ServeAsync(
        string data, IPEndPoint kafka, IPEndPoint http, BrokerSettings settings, List<ConnectorConfig> configs,
        bool traceRequests)
    {
        using var stop = new StopSignal();
        Node node;
        try
        {
            node = Node.Start(data, kafka, settings, Log.Line, traceRequests ? Log.Line : null);
        }
        catch (SocketException taken)
        {
            return Refuse(taken.SocketErrorCode == SocketError.AddressNotAvailable
                ? $"--kafka {kafka}: this machine has no such address. Give one of its own, or 0.0.0.0 for all."
                : $"--kafka {kafka}: {taken.Message}. Stop what uses the port, or give another address.");
        }
        catch (IOException unreadable)
        {
            Console.Error.WriteLine($"{data}: {unreadable.Message}");
            return ExitCode.Failure;
        }

        using (node)
        {
            await using var connectors = new Connectors(configs, Reachable(node.Address));
            WebServer web;
            try
            {
                web = await WebServer.StartAsync(http, () => connectors.States, () => node.Clients);
            }
            catch (IOException taken)
            {
                return Refuse($"--http {http}: {taken.Message} Stop what uses the port, or give another address.");
            }

            await using (web)
            {
                connectors.Start();
                Console.WriteLine($"ready kafka={node.Address} http={web.Address}");
                await stop.Requested;
                Log.Line("stopping");
            }
        }

        return ExitCode.Success;
    }

    /// <summary>The address by which this process reaches its own broker.</summary>
    private static string Reachable(IPEndPoint address) =>
        (address.Address.Equals(IPAddress.Any) ? new IPEndPoint(IPAddress.Loopback, address.Port)
            : address.Address.Equals(IPAddress.IPv6Any) ? new IPEndPoint(IPAddress.IPv6Loopback, address.Port)
            : address).ToString();

    private static BrokerSettings Settings(string? file, Dictionary<string, string> given)
    {
        if (file is null)
            return new BrokerSettings(given);
        var merged = PropertiesFile.Load(file);
        foreach (var (key, value) in given)
            merged[key] = value;
        return new BrokerSettings(merged);
    }

    private static ConnectorConfig Load(string path)
    {
        try
        {
            return ConnectorConfig.Load(path);
        }
        catch (ConfigException wrong)
        {
            throw new ConfigException("--connector " + path, null, wrong.Message);
        }
    }

    private static int Refuse(string message)
    {
        Console.Error.WriteLine(message);
        return ExitCode.Usage;
    }
}
