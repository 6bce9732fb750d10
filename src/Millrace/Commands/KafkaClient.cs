using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Millrace.Commands;

/// <summary>Kafka clients for the command line, and what their failures mean to its user.</summary>
internal static class KafkaClient
{
    public static IAdminClient Admin(string bootstrap) =>
        new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap, SocketTimeoutMs = 10_000 })
            .SetLogHandler((_, _) => { })
            .Build();

    public static IConsumer<byte[], byte[]> Consumer(string bootstrap, string group) =>
        new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig { BootstrapServers = bootstrap, GroupId = group })
            .SetLogHandler((_, _) => { })
            .Build();

    public static int Usage(string message)
    {
        Console.Error.WriteLine(message);
        return ExitCode.Usage;
    }

    /// <summary>Runs a command; a failure of the cluster is one line on stderr and exit code 1.</summary>
    public static async Task<int> RunAsync(Func<Task<int>> command)
    {
        try
        {
            return await command();
        }
        catch (CreateTopicsException failure)
        {
            return Failure(failure.Results[0].Error.Reason);
        }
        catch (DeleteTopicsException failure)
        {
            return Failure(failure.Results[0].Error.Reason);
        }
        catch (DescribeTopicsException failure)
        {
            return Failure(failure.Results.TopicDescriptions[0].Error.Reason);
        }
        catch (KafkaException failure)
        {
            return Failure(failure.Error.Code is ErrorCode.Local_Transport or ErrorCode.Local_TimedOut
                ? $"{failure.Error.Reason}. Is a broker there? Start one with 'millrace server', or give --bootstrap."
                : failure.Error.Reason);
        }
    }

    private static int Failure(string reason)
    {
        Console.Error.WriteLine(reason);
        return ExitCode.Failure;
    }
}
