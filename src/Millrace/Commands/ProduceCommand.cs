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
        var codec = new Option<CompressionType>("--compression", "-z")
        {
            Description = "Codec of the batches.",
            DefaultValueFactory = _ => CompressionType.None,
        };
        var acks = new Option<Acks>("--acks")
        {
            Description = "All waits for stable storage, Leader for the append, None for nothing.",
            DefaultValueFactory = _ => Acks.All,
        };
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
                Acks = result.GetValue(acks),
                CompressionType = result.GetValue(codec),
                EnableIdempotence = result.GetValue(acks) == Acks.All,
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
        using var producer = new ProducerBuilder<byte[]?, byte[]>(config).SetLogHandler((_, _) => { }).Build();
        while (failure is null && await Console.In.ReadLineAsync(cancelled) is { } line)
        {
            var message = Parse(line, separator);
            foreach (var (name, value) in headers)
                (message.Headers ??= []).Add(name, Encoding.UTF8.GetBytes(value));
            Produce(producer, topic, message, report =>
            {
                if (report.Error.IsError)
                    failure ??= report.Error;
                else
                    count++;
            });
        }

        producer.Flush(cancelled);
        if (failure is not null)
            throw new KafkaException(failure);
        Console.Error.WriteLine($"{count} records appended to {topic}");
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
