using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Millrace.Integration.Broker;

/// <summary>
/// A record's value that tells which record it is: the number that its writer gave it in the partition, and a checksum
/// over number, writer and partition, so that no other bytes and no other place pass for it.
/// </summary>
/// <param name="Writer">The record's key.</param>
/// <param name="Partition">Where it is written to.</param>
/// <param name="Number">0, 1, 2, ... for each writer and partition.</param>
internal sealed record NumberedValue(string Writer, int Partition, int Number)
{
    /// <summary>
    /// What a text says that was read from the partition under the key; null if it is no whole value.
    /// </summary>
    public static NumberedValue? Read(string writer, int partition, string text)
    {
        if (!int.TryParse(text.Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return null;
        var value = new NumberedValue(writer, partition, number);
        return value.ToString() == text ? value : null;
    }

    public override string ToString()
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{Writer}/{Partition}/{Number}"));
        return string.Create(CultureInfo.InvariantCulture, $"{Number} {Convert.ToHexStringLower(hash)}");
    }
}
