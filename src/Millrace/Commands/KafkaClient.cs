using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Millrace.Commands;

/// <summary>Kafka clients for the command line, and what their failures mean to its user.</summary>
internal static class KafkaClient
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <exception cref="KafkaException">No broker answers there.</exception>
    public static IAdminClient Admin(string bootstrap)
    {
        var config = new AdminClientConfig { BootstrapServers = bootstrap, SocketTimeoutMs = 10_000 };
        var admin = new AdminClientBuilder(config)
            .SetLogHandler((_, _) => { })
            .Build();
        try
        {
            admin.GetMetadata(Patience);
            return admin;
        }
        catch (KafkaException)
        {
            admin.Dispose();
            throw Unreachable(bootstrap);
        }
    }

    public static KafkaException Unreachable(string bootstrap) =>
        new(new Error(ErrorCode.Local_Transport, $"No broker answers at {bootstrap}"));

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
            return Failure(OfTopic(failure.Results[0].Topic, failure.Results[0].Error));
        }
        catch (IncrementalAlterConfigsException failure)
        {
            return Failure(OfTopic(failure.Results[0].ConfigResource.Name, failure.Results[0].Error));
        }
        catch (DescribeTopicsException failure)
        {
            var topic = failure.Results.TopicDescriptions[0];
            return Failure(OfTopic(topic.Name, topic.Error));
        }
        catch (KafkaException failure)
        {
            return Failure(failure.Error.Code == ErrorCode.Local_Transport
                ? $"{failure.Error.Reason}. Is a broker there? Start one with 'millrace server', or give --bootstrap."
                : failure.Error.Reason);
        }
    }

    private static string OfTopic(string name, Error error) => error.Code == ErrorCode.UnknownTopicOrPart
        ? $"There is no topic '{name}'; 'millrace topic list' shows those that are there."
        : $"{name}: {error.Reason}";

    private static int Failure(string reason)
    {
        Console.Error.WriteLine(reason);
        return ExitCode.Failure;
    }
}
