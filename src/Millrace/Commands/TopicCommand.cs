using System.CommandLine;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Millrace.Commands;

/// <summary><c>millrace topic create|list|describe|alter|delete</c>, against any Kafka cluster.</summary>
internal static class TopicCommand
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    public static Command Create() => new("topic", "Create, list, describe, alter and delete topics.")
    {
        CreateTopic(),
        ListTopics(),
        DescribeTopic(),
        AlterTopic(),
        DeleteTopic(),
    };

    private static Command CreateTopic()
    {
        var name = new Argument<string>("name") { Description = "The topic's name." };
        var partitions = new Option<int>("--partitions", "-p")
        {
            Description = "How many partitions; -1 for the broker's default.",
            DefaultValueFactory = _ => -1,
        };
        var replicas = new Option<short>("--replication-factor")
        {
            Description = "How many replicas; -1 for the broker's default.",
            DefaultValueFactory = _ => -1,
        };
        var configs = new Option<string[]>("--config", "-c") { Description = "A setting, as key=value. Repeatable." };
        var bootstrap = CommonOptions.Bootstrap();
        var command = new Command("create", "Create a topic.") { name, partitions, replicas, configs, bootstrap };
        command.SetAction((result, _) => KafkaClient.RunAsync(async () =>
        {
            if (!KeyValue.TryParseAll(result.GetValue(configs), out var settings, out var bad))
                return KafkaClient.Usage($"--config {bad}: give it as key=value.");
            using var admin = KafkaClient.Admin(result.GetValue(bootstrap)!);
            await admin.CreateTopicsAsync(
            [
                new TopicSpecification
                {
                    Name = result.GetValue(name),
                    NumPartitions = result.GetValue(partitions),
                    ReplicationFactor = result.GetValue(replicas),
                    Configs = settings,
                },
            ]);
            Console.WriteLine($"created {result.GetValue(name)}");
            return ExitCode.Success;
        }));
        return command;
    }

    private static bool IsInternal(string topic) => topic.StartsWith("__", StringComparison.Ordinal);

    private static Command ListTopics()
    {
        var all = new Option<bool>("--internal") { Description = "Show the internal topics too." };
        var bootstrap = CommonOptions.Bootstrap();
        var command = new Command("list", "List topics with their partitions.") { all, bootstrap };
        command.SetAction((result, _) => KafkaClient.RunAsync(() =>
        {
            using var admin = KafkaClient.Admin(result.GetValue(bootstrap)!);
            var topics = admin.GetMetadata(Timeout).Topics;
            foreach (var topic in topics.OrderBy(topic => topic.Topic, StringComparer.Ordinal))
            {
                if (result.GetValue(all) || !IsInternal(topic.Topic))
                    Console.WriteLine($"{topic.Topic}\t{topic.Partitions.Count}");
            }

            return Task.FromResult(ExitCode.Success);
        }));
        return command;
    }

    private static Command DescribeTopic()
    {
        var name = new Argument<string>("name") { Description = "The topic's name." };
        var bootstrap = CommonOptions.Bootstrap();
        var command = new Command("describe", "Show a topic's partitions, offsets and settings.") { name, bootstrap };
        command.SetAction((result, _) => KafkaClient.RunAsync(async () =>
        {
            using var admin = KafkaClient.Admin(result.GetValue(bootstrap)!);
            return await DescribeAsync(admin, result.GetValue(bootstrap)!, result.GetValue(name)!);
        }));
        return command;
    }

    private static async Task<int> DescribeAsync(IAdminClient admin, string bootstrap, string name)
    {
        var described = await admin.DescribeTopicsAsync(TopicCollection.OfTopicNames([name]));
        var topic = described.TopicDescriptions[0];
        using var consumer = KafkaClient.Consumer(bootstrap, "millrace-describe");
        Console.WriteLine($"topic {topic.Name}  id {Id(topic.TopicId)}  partitions {topic.Partitions.Count}");
        foreach (var partition in topic.Partitions)
        {
            var ends = consumer.QueryWatermarkOffsets(new TopicPartition(name, partition.Partition), Timeout);
            Console.WriteLine(
                $"  partition {partition.Partition}  leader {partition.Leader?.Id}  "
                + $"start {ends.Low.Value}  end {ends.High.Value}");
        }

        var configs = await admin.DescribeConfigsAsync([new ConfigResource { Type = ResourceType.Topic, Name = name }]);
        var own = configs[0].Entries.Values.Where(entry => entry.Source == ConfigSource.DynamicTopicConfig);
        foreach (var entry in own.OrderBy(entry => entry.Name, StringComparer.Ordinal))
            Console.WriteLine($"  {entry.Name}={entry.Value}");
        return ExitCode.Success;
    }

    /// <summary>As Kafka writes it, in the alphabet of URLs.</summary>
    private static Protocol.Wire.Uuid Id(Uuid id) =>
        new(unchecked((ulong)(long)id.MostSignificantBits), unchecked((ulong)(long)id.LeastSignificantBits));

    private static Command AlterTopic()
    {
        var name = new Argument<string>("name") { Description = "The topic's name." };
        var configs = new Option<string[]>("--config", "-c") { Description = "A setting, as key=value. Repeatable." };
        var deleted = new Option<string[]>("--delete")
        {
            Description = "A setting that goes back to its default. Repeatable.",
            HelpName = "key",
        };
        var bootstrap = CommonOptions.Bootstrap();
        var command = new Command("alter", "Change a topic's settings.") { name, configs, deleted, bootstrap };
        command.SetAction((result, _) => KafkaClient.RunAsync(async () =>
        {
            if (!KeyValue.TryParseAll(result.GetValue(configs), out var settings, out var bad))
                return KafkaClient.Usage($"--config {bad}: give it as key=value.");
            List<ConfigEntry> changes =
            [
                .. settings.Select(setting => Change(AlterConfigOpType.Set, setting.Key, setting.Value)),
                .. (result.GetValue(deleted) ?? []).Select(key => Change(AlterConfigOpType.Delete, key, null)),
            ];
            if (changes.Count == 0)
                return KafkaClient.Usage("Nothing to change: give -c key=value or --delete key.");
            using var admin = KafkaClient.Admin(result.GetValue(bootstrap)!);
            var topic = new ConfigResource { Type = ResourceType.Topic, Name = result.GetValue(name) };
            await admin.IncrementalAlterConfigsAsync(new() { [topic] = changes });
            Console.WriteLine($"altered {topic.Name}");
            return ExitCode.Success;
        }));
        return command;
    }

    private static ConfigEntry Change(AlterConfigOpType operation, string key, string? value) =>
        new() { Name = key, Value = value, IncrementalOperation = operation };

    private static Command DeleteTopic()
    {
        var name = new Argument<string>("name") { Description = "The topic's name." };
        var bootstrap = CommonOptions.Bootstrap();
        var force = new Option<bool>("--force") { Description = "Delete even an internal topic, named __..." };
        var command = new Command("delete", "Delete a topic and its records.") { name, force, bootstrap };
        command.SetAction((result, _) => KafkaClient.RunAsync(async () =>
        {
            if (IsInternal(result.GetValue(name)!) && !result.GetValue(force))
            {
                return KafkaClient.Usage(
                    $"{result.GetValue(name)} is internal; --force deletes it all the same.");
            }

            using var admin = KafkaClient.Admin(result.GetValue(bootstrap)!);
            await admin.DeleteTopicsAsync([result.GetValue(name)]);
            Console.WriteLine($"deleted {result.GetValue(name)}");
            return ExitCode.Success;
        }));
        return command;
    }
}
