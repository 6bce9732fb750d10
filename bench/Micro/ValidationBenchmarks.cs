using BenchmarkDotNet.Attributes;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Records;

namespace Millrace.Micro;

/// <summary>The verdict on a client's batch of 16 KiB.</summary>
public class ValidationBenchmarks
{
    private byte[] _batch = [];

    [Params("None", "Gzip", "Snappy", "Lz4", "Zstd")]
    public string Codec { get; set; } = "";

    [GlobalSetup]
    public void Fill() => _batch = Batches.Of(16 * 1024, Enum.Parse<CompressionType>(Codec));

    [Benchmark]
    public int Validate()
    {
        var verdict = BatchValidator.Validate(_batch, LogSettings.Default, new Instant(Batches.NowMs));
        return verdict.Error == ErrorCode.None
            ? verdict.Length
            : throw new InvalidOperationException($"{verdict.Error}");
    }
}
