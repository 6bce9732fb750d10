using Millrace.Protocol.Records;

namespace Millrace.Bench.Wire;

/// <summary>Of what batches are made.</summary>
/// <param name="RecordBytes">Key and value of a record together.</param>
/// <param name="BatchBytes">The most that a batch has before compression; one record is always in it.</param>
/// <param name="Codec">How it is compressed.</param>
/// <param name="IsKeyed">Records have a key of eight bytes, which are part of <paramref name="RecordBytes"/>.</param>
/// <param name="IsTransactional">Batches belong to a transaction.</param>
internal sealed record BatchSpec(
    int RecordBytes, int BatchBytes, CompressionType Codec = CompressionType.None, bool IsKeyed = false,
    bool IsTransactional = false)
{
    public const int KeyBytes = 8;

    private const int Alphabet = 64;
    private const int LargestOverhead = 24; // of a record: varints of size, time, offset, lengths and headers

    public int ValueBytes => RecordBytes - (IsKeyed ? KeyBytes : 0);

    /// <summary>
    /// A batch with values of 64 different characters, which codecs make a quarter smaller; the same for each seed.
    /// </summary>
    public byte[] Build(int seed, long timestampMs)
    {
        var random = new Random(seed);
        using var builder = new RecordBatchBuilder { Compression = Codec, IsTransactional = IsTransactional };
        var key = new byte[KeyBytes];
        var value = new byte[ValueBytes];
        do
        {
            random.NextBytes(value);
            for (var i = 0; i < value.Length; i++)
                value[i] = (byte)(' ' + (value[i] % Alphabet));
            random.NextBytes(key);
            builder.AppendNullable(timestampMs, IsKeyed ? key : null, value);
        }
        while (builder.SizeInBytes + RecordBytes + LargestOverhead <= BatchBytes);
        return builder.Build().ToArray();
    }
}
