using System.Collections;
using System.Globalization;
using System.Text.Json;
using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Protocol;

/// <summary>
/// Compares a message with the JSON that Kafka makes of it: camel case names, bytes and records in base64, uuids in
/// their text form, error codes as numbers. A field that the JSON leaves out must have its default.
/// </summary>
internal static class KafkaJson
{
    /// <summary>Where and how the two differ; null when they do not.</summary>
    public static string? Difference(JsonElement expected, object? actual, string path = "$")
    {
        if (expected.ValueKind == JsonValueKind.Object && actual is IMessage message)
            return FieldDifference(expected, message, path);
        if (expected.ValueKind == JsonValueKind.Array && actual is IList list)
            return ElementDifference(expected, list, path);
        if (expected.ValueKind == JsonValueKind.Number && actual is double number)
            return number == expected.GetDouble() ? null : $"{path} is {number}, not {expected}";
        var wanted = expected.ValueKind switch
        {
            JsonValueKind.Null => null,
            JsonValueKind.String => expected.GetString(),
            _ => expected.GetRawText(),
        };
        return wanted == Text(actual) ? null : $"{path} is {Text(actual) ?? "null"}, not {wanted ?? "null"}";
    }

    private static string? ElementDifference(JsonElement expected, IList actual, string path)
    {
        if (actual.Count != expected.GetArrayLength())
            return $"{path} has {actual.Count} elements, not {expected.GetArrayLength()}";
        return expected.EnumerateArray()
            .Select((element, i) => Difference(element, actual[i], $"{path}[{i}]"))
            .FirstOrDefault(difference => difference is not null);
    }

    private static string? FieldDifference(JsonElement expected, IMessage actual, string path)
    {
        var names = expected.EnumerateObject().ToDictionary(field => Capital(field.Name), field => field.Value);
        var fresh = Activator.CreateInstance(actual.GetType());
        foreach (var property in actual.GetType().GetProperties())
        {
            var value = property.GetValue(actual);
            var where = $"{path}.{property.Name}";
            if (names.Remove(property.Name, out var field))
            {
                if (Difference(field, value, where) is { } difference)
                    return difference;
            }
            else if (!Same(value, property.GetValue(fresh)))
            {
                return $"{where} is {Text(value)}, not its default";
            }
        }

        return names.Count == 0 ? null : $"{path} lacks {string.Join(", ", names.Keys)}";
    }

    private static bool Same(object? left, object? right) => (left, right) switch
    {
        (IMessage a, IMessage b) =>
            a.GetType().GetProperties().All(property => Same(property.GetValue(a), property.GetValue(b))),
        (IList a, IList b) => a.Count == 0 && b.Count == 0,
        _ => Text(left) == Text(right),
    };

    private static string? Text(object? value) => value switch
    {
        null => null,
        bool flag => flag ? "true" : "false",
        ErrorCode error => ((short)error).ToString(CultureInfo.InvariantCulture),
        RecordData records => records.IsNull ? null : Convert.ToBase64String(records.Bytes.Span),
        ReadOnlyMemory<byte> bytes => Convert.ToBase64String(bytes.Span),
        IConvertible or Uuid => Convert.ToString(value, CultureInfo.InvariantCulture),
        _ => value.GetType().Name,
    };

    private static string Capital(string name) => char.ToUpperInvariant(name[0]) + name[1..];
}
