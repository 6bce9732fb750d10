using System.CommandLine;
using System.Text;
using System.Text.Json;
using Confluent.Kafka;

namespace Millrace.Commands;

/// <summary><c>millrace consume TOPIC</c>: prints records as they come.</summary>
internal static class ConsumeCommand
{
    public static Command Create()
    {
        var topic = new Argument<string>("topic") { Description = "What to read." };
        var group = new Option<string?>("--group", "-g")
        {
            Description = "Read as a member of this group, which remembers its position.",
        };
        var beginning = new Option<bool>("--from-beginning") { Description = "Begin at the oldest record." };
        var most = new Option<long>("--max", "-n")
        {
            Description = "Stop after so many records.",
            DefaultValueFactory = _ => long.MaxValue,
        };
        var exit = new Option<bool>("--exit", "-e") { Description = "Stop at the end of every partition." };
        var json = new Option<bool>("--json")
        {
            Description = "One JSON object a record: topic, partition, offset, timestamp, key, value, headers.",
        };
        var bootstrap = CommonOptions.Bootstrap();
        var command = new Command("consume", "Print a topic's records.")
        {
            topic, group, beginning, most, exit, json, bootstrap,
        };
        command.SetAction((result, _) => KafkaClient.RunAsync(() =>
        {
            var config = new ConsumerConfig
            {
                BootstrapServers = result.GetValue(bootstrap),
                GroupId = result.GetValue(group) ?? $"millrace-consume-{Guid.NewGuid():N}",
                EnableAutoCommit = result.GetValue(group) is not null,
                AutoOffsetReset = result.GetValue(beginning) ? AutoOffsetReset.Earliest : AutoOffsetReset.Latest,
                EnablePartitionEof = result.GetValue(exit),
                IsolationLevel = IsolationLevel.ReadCommitted,
            };
            Consume(config, result.GetValue(topic)!, result.GetValue(most), result.GetValue(json));
            return Task.FromResult(ExitCode.Success);
        }));
        return command;
    }

    private static void Consume(ConsumerConfig config, string topic, long most, bool asJson)
    {
        using var stop = new StopSignal();
        var isConnected = false;
        Error? fatal = null;
        var ended = new HashSet<TopicPartition>();
        using var consumer = new ConsumerBuilder<byte[]?, byte[]?>(config)
            .SetLogHandler((_, _) => { })
            .SetPartitionsAssignedHandler((_, _) => { isConnected = true; })

            // Once it was there, a broker that is gone is waited for.
            .SetErrorHandler((_, error) =>
                fatal = error.Code == ErrorCode.Local_AllBrokersDown && !isConnected ? error : fatal)
            .Build();
        consumer.Subscribe(topic);
        try
        {
            for (var count = 0L; count < most && !stop.Token.IsCancellationRequested;)
            {
                if (fatal is not null)
                    throw KafkaClient.Unreachable(config.BootstrapServers);
                var record = consumer.Consume(TimeSpan.FromMilliseconds(200));
                if (record is null)
                    continue;
                if (record.IsPartitionEOF)
                {
                    ended.Add(record.TopicPartition);
                    if (ended.Count == consumer.Assignment.Count)
                        return;
                    continue;
                }

                ended.Remove(record.TopicPartition);
                Console.WriteLine(asJson ? Json(record) : Text(record));
                count++;
            }
        }
        finally
        {
            consumer.Close();
        }
    }

    private static string Text(ConsumeResult<byte[]?, byte[]?> record)
    {
        var value = record.Message.Value is { } bytes ? Encoding.UTF8.GetString(bytes) : "null";
        return record.Message.Key is { } key ? $"{Encoding.UTF8.GetString(key)}\t{value}" : value;
    }

    private static string Json(ConsumeResult<byte[]?, byte[]?> record)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteString("topic", record.Topic);
            writer.WriteNumber("partition", record.Partition.Value);
            writer.WriteNumber("offset", record.Offset.Value);
            writer.WriteNumber("timestamp", record.Message.Timestamp.UnixTimestampMs);
            Write(writer, "key", record.Message.Key);
            Write(writer, "value", record.Message.Value);
            writer.WriteStartArray("headers");
            foreach (var header in record.Message.Headers)
            {
                writer.WriteStartObject();
                writer.WriteString("key", header.Key);
                Write(writer, "value", header.GetValueBytes());
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    private static void Write(Utf8JsonWriter writer, string name, byte[]? bytes)
    {
        if (bytes is null)
            writer.WriteNull(name);
        else
            writer.WriteString(name, Encoding.UTF8.GetString(bytes));
    }
}
