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
        var partition = new Option<int?>("--partition", "-p") { Description = "Read this partition alone." };
        var offset = new Option<long?>("--offset", "-o") { Description = "Begin at this offset of the partition." };
        var most = new Option<long?>("--max", "-n") { Description = "Stop after so many records." };
        var exit = new Option<bool>("--exit", "-e") { Description = "Stop at the end of every partition." };
        var json = new Option<bool>("--json")
        {
            Description = "One JSON object a record: topic, partition, offset, timestamp, key, value, headers.",
        };
        var bootstrap = CommonOptions.Bootstrap();
        var command = new Command("consume", "Print a topic's records.")
        {
            topic, group, beginning, partition, offset, most, exit, json, bootstrap,
        };
        command.SetAction((result, _) => KafkaClient.RunAsync(() =>
        {
            if (result.GetValue(offset) is not null && result.GetValue(partition) is null)
                return Task.FromResult(KafkaClient.Usage("--offset is one of a partition: give --partition too."));
            if (result.GetValue(offset) is not null && result.GetValue(beginning))
                return Task.FromResult(KafkaClient.Usage("Give --offset or --from-beginning, not both."));
            var config = new ConsumerConfig
            {
                BootstrapServers = result.GetValue(bootstrap),
                GroupId = result.GetValue(group) ?? $"millrace-consume-{Guid.NewGuid():N}",
                EnableAutoCommit = result.GetValue(group) is not null,
                AutoOffsetReset = result.GetValue(beginning) ? AutoOffsetReset.Earliest : AutoOffsetReset.Latest,
                EnablePartitionEof = result.GetValue(exit),
                IsolationLevel = IsolationLevel.ReadCommitted,
            };
            var start = result.GetValue(offset) is { } given ? new Offset(given)
                : result.GetValue(beginning) ? Offset.Beginning
                : result.GetValue(group) is not null ? Offset.Stored
                : Offset.End;
            var only = result.GetValue(partition) is { } number
                ? new TopicPartitionOffset(new TopicPartition(result.GetValue(topic)!, number), start)
                : null;
            Consume(
                config, result.GetValue(topic)!, only, result.GetValue(most) ?? long.MaxValue, result.GetValue(json));
            return Task.FromResult(ExitCode.Success);
        }));
        return command;
    }

    /// <param name="only">One partition and where to begin in it; null: all of the topic, as the group shares
    /// them.</param>
    private static void Consume(
        ConsumerConfig config, string topic, TopicPartitionOffset? only, long most, bool asJson)
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
        if (only is null)
        {
            consumer.Subscribe(topic);
        }
        else
        {
            CheckRange(consumer, only, config.BootstrapServers);
            isConnected = true;
            consumer.Assign(only);
        }

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

    /// <summary>A client begins elsewhere without a word, where the partition does not hold the offset.</summary>
    private static void CheckRange(
        IConsumer<byte[]?, byte[]?> consumer, TopicPartitionOffset start, string bootstrap)
    {
        WatermarkOffsets held;
        try
        {
            held = consumer.QueryWatermarkOffsets(start.TopicPartition, TimeSpan.FromSeconds(5));
        }
        catch (KafkaException failure) when (failure.Error.Code is ErrorCode.Local_Transport
            or ErrorCode.Local_AllBrokersDown or ErrorCode.Local_TimedOut)
        {
            throw KafkaClient.Unreachable(bootstrap);
        }
        catch (KafkaException failure)
        {
            throw new KafkaException(new Error(
                failure.Error.Code, $"{start.Topic}-{start.Partition.Value}: {failure.Error.Reason}"));
        }

        if (!start.Offset.IsSpecial && (start.Offset < held.Low || start.Offset > held.High))
        {
            throw new KafkaException(new Error(
                ErrorCode.OffsetOutOfRange,
                $"{start.Topic}-{start.Partition.Value} holds offsets from {held.Low.Value} on and ends at "
                + $"{held.High.Value}; {start.Offset.Value} is none of them."));
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
