using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Millrace.Core.Model;

/// <summary>Assertions that stay on in Release: a broken invariant stops the process before it can do harm.</summary>
public static class Invariant
{
    /// <exception cref="InvariantBrokenException">The condition does not hold.</exception>
    public static void That(
        [DoesNotReturnIf(false)] bool condition,
        [CallerArgumentExpression(nameof(condition))] string text = "")
    {
        if (!condition)
            Broken(text);
    }

    [DoesNotReturn]
    private static void Broken(string text) => throw new InvariantBrokenException(text);
}

/// <summary>A bug in this program. Nobody catches it but the process, which ends.</summary>
public sealed class InvariantBrokenException(string text) : Exception($"Broken invariant: {text}");
