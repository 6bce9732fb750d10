using Millrace.Protocol.Records;

namespace Millrace.Micro;

/// <summary>Batches as producers send them.</summary>
internal static class Batches
{
    public const long NowMs = 1_700_000_000_000;

    /// <summary>As many records of a hundred bytes as fit.</summary>
    public static byte[] Of(int batchBytes, CompressionType codec = CompressionType.None)
    {
        var random = new Random(1);
        var value = new byte[100];
        using var builder = new RecordBatchBuilder { Compression = codec };
        do
        {
            for (var i = 0; i < value.Length; i++)
                value[i] = (byte)random.Next(' ', 'a');
            builder.AppendNullable(NowMs, null, value);
        }
        while (builder.SizeInBytes + 112 <= batchBytes);
        return builder.Build().ToArray();
    }
}
