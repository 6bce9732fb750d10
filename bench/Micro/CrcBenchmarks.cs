using BenchmarkDotNet.Attributes;
using Millrace.Protocol.Records;

namespace Millrace.Micro;

public class CrcBenchmarks
{
    private byte[] _bytes = [];

    [Params(128, 1024, 16 * 1024, 1024 * 1024)]
    public int Bytes { get; set; }

    [GlobalSetup]
    public void Fill()
    {
        _bytes = new byte[Bytes];
        new Random(1).NextBytes(_bytes);
    }

    [Benchmark]
    public uint Compute() => Crc32C.Compute(_bytes);
}
