using BenchmarkDotNet.Attributes;
using Millrace.Broker.Io;
using Millrace.Core.Log;
using Millrace.Core.Log.Segments;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Records;

namespace Millrace.Micro;

/// <summary>A partition's log on the real disk: appending, finding and reading a range.</summary>
public class LogBenchmarks
{
    private const int Indexed = 100_000;
    private const int Filled = 2_000;

    private readonly Instant _now = new(Batches.NowMs);
    private readonly OffsetIndex _index = new();
    private readonly byte[] _response = new byte[1 << 20];
    private string _directory = "";
    private PartitionLog? _appended;
    private PartitionLog? _read;
    private byte[] _batch = [];
    private long _next;

    [GlobalSetup]
    public void Open()
    {
        _directory = Directory.CreateTempSubdirectory("millrace-micro-").FullName;
        var disk = new FileDisk(_directory);
        _batch = Batches.Of(16 * 1024);
        _appended = OpenLog(disk, "appended", new LogSettings { SegmentBytes = 256 << 20 });
        _read = OpenLog(disk, "read", LogSettings.Default);
        for (var i = 0; i < Filled; i++)
            Append(_read);
        for (var i = 0; i < Indexed; i++)
            _index.Append(i * 40, i * 4096);
    }

    [GlobalCleanup]
    public void Delete()
    {
        _appended!.Close(clean: false);
        _read!.Close(clean: false);
        Directory.Delete(_directory, recursive: true);
    }

    [Benchmark]
    public long Append16K() => Append(_appended!);

    [Benchmark]
    public int LookUpInIndex() => _index.PositionFor(Next(Indexed * 40L));

    [Benchmark]
    public int FindFetch1M() => Slice().Length;

    [Benchmark]
    public int AssembleFetch1M()
    {
        var slice = Slice();
        slice.CopyTo(_response);
        return slice.Length;
    }

    private long Append(PartitionLog log)
    {
        RecordBatchHeader.SetBaseOffset(_batch, 0); // the log has stamped its own
        var result = log.Append(_batch, new LeaderEpoch(0), _now, AppendOrigin.VerifiedClient);
        return result.Error == ErrorCode.None
            ? result.BaseOffset.Value
            : throw new InvalidOperationException($"{result.Error}");
    }

    private LogSlice Slice() => _read!.Read(
        new Offset(Next(_read.LogEndOffset.Value / 2)), _response.Length, _read.LogEndOffset, atLeastOneBatch: true);

    /// <summary>Steps that fall everywhere and are the same in every run.</summary>
    private long Next(long below) => _next = (_next + 982_451_653) % below;

    private PartitionLog OpenLog(FileDisk disk, string topic, LogSettings settings) => PartitionLog.Open(
        disk, new TopicPartition(topic, 0), settings, _now, new LogOpening(true, Offset.Zero, Offset.Zero));
}
