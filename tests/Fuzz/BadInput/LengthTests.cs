using System.Collections;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Fuzz.BadInput;

/// <summary>
/// Every string, bytes and array at the top of every request in every version that is served: null where it may not
/// be, and longer than the frame. The connection is closed, and no memory is taken by the announced length.
/// </summary>
public sealed class LengthTests
{
    private const int AllocatedAtLeast = 8 * 1024;
    private const int AllocatedPerByte = 2;

    private static readonly FuzzedBroker Broker = new AskedBroker().Simulated!;

    public static TheoryData<ApiKey> Served => [.. Broker.Dispatcher.Served.Select(api => api.Key)];

    [Theory]
    [MemberData(nameof(Served))]
    public void AreNotTrusted(ApiKey key)
    {
        var api = Apis.Find((short)key)!.Value;
        for (var version = api.Lowest; version <= api.Highest; version++)
        {
            if (key == ApiKey.Produce && version < 3)
                continue; // Advertised and refused.
            foreach (var field in Shape.Fields(Requests.RequestType(key)).Where(field => !field.IsNullable))
            {
                foreach (var frame in Damaged(key, version, field))
                    AssertRefused(frame, $"{key} {version} {field.Name}");
            }
        }
    }

    /// <summary>
    /// The field's length is where the frame differs from one with a longer field: as null, and as long as can be.
    /// </summary>
    private static IEnumerable<byte[]> Damaged(ApiKey key, short version, Field field)
    {
        if (One(field) is not { } one)
            yield break;
        var without = Frame(key, version, field, Empty(one));
        var with = Frame(key, version, field, one);
        var at = without.AsSpan().CommonPrefixLength(with);
        if (at == with.Length || at == without.Length)
            yield break; // Not in this version.
        var isFlexible = Apis.Find((short)key)!.Value.IsFlexible(version);
        var size = isFlexible ? 1 : field.Type == typeof(string) ? sizeof(short) : sizeof(int);
        var start = at + 1 - size;
        yield return [.. with[..start], .. isFlexible ? [0] : Enumerable.Repeat((byte)0xff, size), .. with[(at + 1)..]];
        byte[] longest = isFlexible
            ? [0xff, 0xff, 0xff, 0xff, 0x07]
            : [0x7f, .. Enumerable.Repeat((byte)0xff, size - 1)];
        yield return [.. with[..start], .. longest, .. with[(at + 1)..]];
    }

    private static object? One(Field field) =>
        field.Type == typeof(string) ? "a"
        : field.Type == typeof(ReadOnlyMemory<byte>) ? new ReadOnlyMemory<byte>([1])
        : field.ElementType is { } element ? ListOfOne(field.Type, element)
        : null;

    private static object Empty(object one) => one is string ? "" : Activator.CreateInstance(one.GetType())!;

    private static IList ListOfOne(Type list, Type element)
    {
        var one = (IList)Activator.CreateInstance(list)!;
        one.Add(element == typeof(string) ? "a" : Activator.CreateInstance(element));
        return one;
    }

    private static byte[] Frame(ApiKey key, short version, Field field, object value)
    {
        var request = (IMessage)Activator.CreateInstance(Requests.RequestType(key))!;
        field.Property.SetValue(request, value);
        return Requests.Frame(key, version, request);
    }

    private static void AssertRefused(byte[] frame, string what)
    {
        var exchange = new Exchange(Broker, frame);
        var before = GC.GetAllocatedBytesForCurrentThread();
        exchange.Receive();
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(exchange.ClosedBecause is not null, $"{what}: taken, {Convert.ToHexString(frame)}");
        Assert.True(allocated <= AllocatedAtLeast + AllocatedPerByte * frame.Length, $"{what}: {allocated} bytes");
        Assert.Empty(Broker.Told);
    }
}
