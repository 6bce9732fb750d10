namespace Millrace.Connect.Postgres.Types;

/// <summary>A row of pg_type, as far as values depend on it.</summary>
/// <param name="Kind">typtype: b base, d domain, e enum, r range, m multirange, c composite, p pseudo.</param>
/// <param name="Element">The element's type of a true array, else 0.</param>
/// <param name="BaseType">The type under a domain, else 0.</param>
/// <param name="TypMod">The domain's modifier of its base type.</param>
internal sealed record PgType(
    uint Oid, string Name, char Kind, uint Element, uint BaseType, int TypMod)
{
    /// <summary>A domain that forbids NULL.</summary>
    public bool NotNull { get; init; }

    /// <summary>The labels of an enum in their order.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];
}
