namespace Millrace.Connect.Postgres.Types;

/// <summary>The connector's *.handling.mode and related properties that decide how values are represented.</summary>
internal sealed record ValueModes
{
    public DecimalMode Decimal { get; init; } = DecimalMode.Precise;

    public TimeMode Time { get; init; } = TimeMode.Adaptive;

    public BinaryMode Binary { get; init; } = BinaryMode.Bytes;

    public bool IntervalAsText { get; init; }

    public bool HstoreAsMap { get; init; }

    public int MoneyFractionDigits { get; init; } = 2;

    /// <summary>Unknown types as bytes, Debezium's include.unknown.datatypes; otherwise they are text.</summary>
    public bool UnknownAsBytes { get; init; }

    /// <summary>Stands for unchanged TOASTed values.</summary>
    public byte[] Placeholder { get; init; } = "__debezium_unavailable_value"u8.ToArray();
}

internal enum DecimalMode
{
    Precise,
    Double,
    String,
}

internal enum TimeMode
{
    Adaptive,
    AdaptiveTimeMicroseconds,
    Connect,
    IsoString,
    Microseconds,
    Nanoseconds,
}

internal enum BinaryMode
{
    Bytes,
    Base64,
    Base64UrlSafe,
    Hex,
}
