using System.CommandLine;
using Millrace.Bench.Load;
using Millrace.Bench.Wire;
using Millrace.Protocol.Records;

namespace Millrace.Bench.Commands;

/// <summary>What a producing load is made of.</summary>
internal sealed class LoadOptions
{
    private const int MostInFlightIdempotent = 5;
    private const int LargestBatch = 64 << 20;

    private readonly Option<long> _record = BenchOption.Size(
        "--record-size", "Bytes of a record, key and value.", "100", 8, LargestBatch);
    private readonly Option<long> _batch = BenchOption.Size(
        "--batch-size", "Bytes of a batch before compression.", "16KiB", 1, LargestBatch);
    private readonly Option<int> _connections = BenchOption.Number(
        "--connections", "Connections, a thread each.", 1, 1, 1000);
    private readonly Option<int> _inFlight = BenchOption.Number(
        "--in-flight", "Requests that a connection has sent and that are not answered.", 5, 1, 1000);
    private readonly Option<string> _acks = new("--acks")
    {
        Description = "all, 1 or 0.",
        DefaultValueFactory = _ => "1",
    };
    private readonly Option<string> _codec = new("--compression", "-z")
    {
        Description = "Codec of the batches.",
        DefaultValueFactory = _ => "none",
    };
    private readonly Option<bool> _keyed = new("--keyed") { Description = "Records have keys of 8 bytes." };
    private readonly Option<bool> _idempotent = new("--idempotent")
    {
        Description = "With producer ids; needs --acks all.",
    };
    private readonly Option<int> _transaction = BenchOption.Number(
        "--transaction", "Batches in a transaction; 0 for none. Needs --acks all.", 0, 0, 1_000_000);
    private readonly Option<long> _rate = BenchOption.Size(
        "--rate", "Bytes a second of all connections; 0 for as fast as it goes.", "0", 0, long.MaxValue);

    public LoadOptions()
    {
        _acks.AcceptOnlyFromAmong("all", "1", "0");
        _codec.AcceptOnlyFromAmong([.. Enum.GetNames<CompressionType>().Select(name => name.ToLowerInvariant())]);
    }

    public void AddTo(Command command)
    {
        foreach (var option in new Option[]
            { _record, _batch, _connections, _inFlight, _acks, _codec, _keyed, _idempotent, _transaction, _rate })
            command.Add(option);
    }

    /// <exception cref="UsageException">The options do not go together.</exception>
    public ProduceOptions Read(ParseResult result, WindowOptions window)
    {
        var acks = result.GetValue(_acks);
        var transaction = result.GetValue(_transaction);
        var isKeyed = result.GetValue(_keyed);
        var batch = new BatchSpec(
            (int)result.GetValue(_record), (int)result.GetValue(_batch),
            Enum.Parse<CompressionType>(result.GetValue(_codec)!, ignoreCase: true), isKeyed, transaction > 0);
        var hasProducerId = result.GetValue(_idempotent) || transaction > 0;
        if (hasProducerId && acks != "all")
            throw new UsageException("--idempotent and --transaction need --acks all.");
        if (hasProducerId && result.GetValue(_inFlight) > MostInFlightIdempotent)
            throw new UsageException($"--in-flight can be {MostInFlightIdempotent} at most with producer ids.");
        return new ProduceOptions(
            batch, result.GetValue(_connections), result.GetValue(_inFlight),
            acks switch { "all" => -1, "1" => 1, _ => 0 })
        {
            WarmUp = window.WarmUp(result),
            Duration = window.Duration(result),
            Bytes = window.Bytes(result),
            BytesPerSecond = result.GetValue(_rate),
            IsIdempotent = hasProducerId,
            TransactionBatches = transaction,
        };
    }

    public Dictionary<string, object> Settings(ProduceOptions options)
    {
        var settings = new Dictionary<string, object>
        {
            ["recordBytes"] = options.Batch.RecordBytes,
            ["batchBytes"] = options.Batch.BatchBytes,
            ["connections"] = options.Connections,
            ["inFlight"] = options.InFlight,
            ["acks"] = options.Acks == -1 ? "all" : options.Acks,
            ["compression"] = options.Batch.Codec.ToString().ToLowerInvariant(),
            ["keyed"] = options.Batch.IsKeyed,
            ["idempotent"] = options.IsIdempotent,
            ["transactionBatches"] = options.TransactionBatches,
        };
        if (options.BytesPerSecond > 0)
            settings["bytesPerSecond"] = options.BytesPerSecond;
        return settings;
    }
}
