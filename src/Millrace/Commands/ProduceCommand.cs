using System.CommandLine;
using System.Text;
using Confluent.Kafka;

namespace Millrace.Commands;

/// <summary><c>millrace produce TOPIC</c>: one record a line of standard input.</summary>
internal static class ProduceCommand
{
    public static Command Create()
    {
        var topic = new Argument<string>("topic") { Description = "Where to append." };
        var separator = new Option<string?>("--key-separator", "-k")
        {
            Description = "What parts key from value in a line; without it records have no key.",
        };
        var headers = new Option<string[]>("--header", "-H") { Description = "A header, as key=value. Repeatable." };
        var codec = new Option<string>("--compression", "-z")
        {
            Description = "Codec of the batches.",
            DefaultValueFactory = _ => "none",
        };
        codec.AcceptOnlyFromAmong("none", "gzip", "snappy", "lz4", "zstd");
        var acks = new Option<string>("--acks")
        {
            Description = "all waits for stable storage, 1 for the append, 0 for nothing.",
            DefaultValueFactory = _ => "all",
        };
        acks.AcceptOnlyFromAmong("all", "1", "0");
        var bootstrap = CommonOptions.Bootstrap();
        var command = new Command("produce", "Append each line of standard input as a record.")
        {
            topic, separator, headers, codec, acks, bootstrap,
        };
        command.SetAction((result, cancelled) => KafkaClient.RunAsync(async () =>
        {
            if (!KeyValue.TryParseAll(result.GetValue(headers), out var pairs, out var bad))
                return KafkaClient.Usage($"--header {bad}: give it as key=value.");
            var config = new ProducerConfig
            {
                BootstrapServers = result.GetValue(bootstrap),
                Acks = result.GetValue(acks) switch { "all" => Acks.All, "1" => Acks.Leader, _ => Acks.None },
                CompressionType = Enum.Parse<CompressionType>(result.GetValue(codec)!, ignoreCase: true),
                EnableIdempotence = result.GetValue(acks) == "all",
                LingerMs = 5,
                MessageTimeoutMs = 30_000,
            };
            return await ProduceAsync(config, result.GetValue(topic)!, result.GetValue(separator), pairs, cancelled);
        }));
        return command;
    }

    private static async Task<int> ProduceAsync(
        ProducerConfig config, string topic, string? separator, Dictionary<string, string> headers,
        CancellationToken cancelled)
    {
        Error? failure = null;
        var count = 0L;
        var isConnected = false;
        using var producer = new ProducerBuilder<byte[]?, byte[]>(config)
            .SetLogHandler((_, _) => { })

            // Once it was there, a broker that is gone is waited for, as long as a record may take.
            .SetErrorHandler((_, error) => failure ??= error.Code == ErrorCode.Local_AllBrokersDown && !isConnected
                ? KafkaClient.Unreachable(config.BootstrapServers).Error
                : null)
            .Build();
        while (failure is null && await Console.In.ReadLineAsync(cancelled) is { } line)
        {
            var message = Parse(line, separator);
            foreach (var (name, value) in headers)
                (message.Headers ??= []).Add(name, Encoding.UTF8.GetBytes(value));
            Produce(producer, topic, message, report =>
            {
                isConnected |= !report.Error.IsError;
                if (report.Error.IsError)
                    failure ??= report.Error;
                else
                    count++;
            });
        }

        while (failure is null && producer.Flush(TimeSpan.FromMilliseconds(100)) > 0)
            cancelled.ThrowIfCancellationRequested();
        if (failure is not null)
            throw new KafkaException(failure);
        Console.Error.WriteLine($"{count} {(count == 1 ? "record" : "records")} appended to {topic}");
        return ExitCode.Success;
    }

    private static Message<byte[]?, byte[]> Parse(string line, string? separator)
    {
        var split = separator is null ? -1 : line.IndexOf(separator, StringComparison.Ordinal);
        return new Message<byte[]?, byte[]>
        {
            Key = split < 0 ? null : Encoding.UTF8.GetBytes(line[..split]),
            Value = Encoding.UTF8.GetBytes(split < 0 ? line : line[(split + separator!.Length)..]),
        };
    }

    /// <summary>Waits while the client's queue is full.</summary>
    private static void Produce(
        IProducer<byte[]?, byte[]> producer, string topic, Message<byte[]?, byte[]> message,
        Action<DeliveryReport<byte[]?, byte[]>> onDelivery)
    {
        while (true)
        {
            try
            {
                producer.Produce(topic, message, onDelivery);
                return;
            }
            catch (ProduceException<byte[]?, byte[]> full) when (full.Error.Code == ErrorCode.Local_QueueFull)
            {
                producer.Poll(TimeSpan.FromMilliseconds(100));
            }
        }
    }
}
