using System.Text;

namespace Millrace.Generator;

/// <summary>Writes the enumeration of API keys and the table of their versions.</summary>
internal static class ApiTable
{
    public static string Emit(IEnumerable<Spec> specs)
    {
        var apis = specs.Where(spec => spec.ApiKey is not null).OrderBy(spec => spec.ApiKey).ToList();
        var text = new StringBuilder();
        text.Append($"{CSharp.Banner}\n");
        text.Append("#nullable enable\n\nnamespace Millrace.Protocol.Messages;\n\n");
        text.Append("/// <summary>The APIs that have a specification, ");
        text.Append("by the number that stands in a request's header.</summary>\n");
        text.Append("public enum ApiKey : short\n{\n");
        foreach (var api in apis)
            text.Append($"    /// <summary>{api.Summary}</summary>\n    {api.Name} = {api.ApiKey},\n");
        text.Append("}\n\n/// <summary>Versions of each API.</summary>\npublic static partial class Apis\n{\n");
        text.Append("    /// <summary>Every specified API, by key.</summary>\n");
        text.Append("    public static IReadOnlyList<ApiVersions> All { get; } =\n    [\n");
        foreach (var api in apis)
        {
            var request = api.Messages[0];
            var flexible = request.FirstFlexible is { } first ? first.ToString() : "short.MaxValue";
            var newest = request.NewestStable;
            text.Append($"        new(ApiKey.{api.Name}, {request.Versions.Low}, {newest}, {flexible}),\n");
        }

        return text.Append("    ];\n}\n").ToString();
    }
}
