namespace Millrace.Demo.Services;

/// <summary>The three services of the demo.</summary>
internal static class ServiceNames
{
    public static readonly string[] All = ["cache", "search", "analytics"];

    public static IView View(string name) => name switch
    {
        "cache" => new OrderCache(),
        "search" => new SearchIndex(),
        "analytics" => new SalesRollup(),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no such service"),
    };
}
