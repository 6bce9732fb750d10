using System.Globalization;

namespace Millrace.Bench.Brokers;

/// <summary>What the runtime of a broker of .NET tells at <c>/metrics</c>, in the text format of Prometheus.</summary>
internal sealed record RuntimeFigures(double AllocatedBytes, double Collections)
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(10) };

    /// <exception cref="BenchException">Nobody answers there, or without the figures.</exception>
    public static RuntimeFigures Read(Uri metrics)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, metrics);
            using var response = Http.Send(request);
            using var reader = new StreamReader(response.EnsureSuccessStatusCode().Content.ReadAsStream());
            return Parse(reader.ReadToEnd());
        }
        catch (Exception silent) when (silent is HttpRequestException or TaskCanceledException or FormatException)
        {
            throw new BenchException($"No figures of the runtime at {metrics}: {silent.Message}", silent);
        }
    }

    /// <exception cref="FormatException">A figure is not there.</exception>
    public static RuntimeFigures Parse(string text) => new(
        Sum(text, "dotnet_gc_heap_total_allocated_bytes_total"), Sum(text, "dotnet_gc_collections_total"));

    /// <summary>The sum over all labels.</summary>
    private static double Sum(string text, string name)
    {
        var values = text.Split('\n')
            .Where(line => line.StartsWith(name, StringComparison.Ordinal)
                && line.Length > name.Length && line[name.Length] is ' ' or '{')
            .Select(line => double.Parse(line[line.LastIndexOf(' ')..], CultureInfo.InvariantCulture))
            .ToList();
        return values.Count > 0 ? values.Sum() : throw new FormatException($"there is no {name}");
    }
}
