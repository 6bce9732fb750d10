using System.Diagnostics;
using System.Security.Cryptography;
using Millrace.Core.Model;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Io;

/// <summary>The machine's clocks.</summary>
internal sealed class Clock : IClock
{
    public static readonly Clock Machine = new();

    private readonly long _startedAt = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
    private readonly long _startedTicks = Stopwatch.GetTimestamp();

    public Instant Now => new(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());

    public Instant Steady => new(_startedAt + (long)Stopwatch.GetElapsedTime(_startedTicks).TotalMilliseconds);
}

/// <summary>The machine's randomness.</summary>
internal sealed class Randomness : IRandomness
{
    public static readonly Randomness Machine = new();

    /// <summary>
    /// A random id whose text does not begin with a dash, which command lines would take for an option.
    /// </summary>
    public Uuid NewUuid()
    {
        Span<byte> bytes = stackalloc byte[Uuid.Size];
        while (true)
        {
            RandomNumberGenerator.Fill(bytes);
            var uuid = Uuid.Read(bytes);
            if (uuid.High != 0 && uuid.ToString()[0] != '-')
                return uuid;
        }
    }
}
