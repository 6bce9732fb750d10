using System.Buffers.Binary;
using System.Buffers.Text;

namespace Millrace.Protocol.Wire;

/// <summary>Kafka's 128-bit id: big-endian on the wire, unpadded URL-safe base64 as text; zero means none.</summary>
public readonly record struct Uuid(ulong High, ulong Low)
{
    public const int Size = 16;

    public static readonly Uuid Zero;

    public bool IsZero => High == 0 && Low == 0;

    public static Uuid Read(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, High);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], Low);
    }

    /// <summary>False when the text is not 22 characters of URL-safe base64.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Uuid uuid)
    {
        Span<byte> bytes = stackalloc byte[Size];
        var valid = text.Length == 22
            && Base64Url.IsValid(text) // or else decoding throws
            && Base64Url.TryDecodeFromChars(text, bytes, out var written)
            && written == Size;
        uuid = valid ? Read(bytes) : default;
        return valid;
    }

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        Write(bytes);
        return Base64Url.EncodeToString(bytes);
    }
}
