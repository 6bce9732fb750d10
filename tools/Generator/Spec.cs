namespace Millrace.Generator;

/// <summary>An inclusive range of versions.</summary>
internal readonly record struct Versions(int Low, int High)
{
    public bool Covers(Versions other) => Low <= other.Low && other.High <= High;

    public bool Contains(int version) => Low <= version && version <= High;
}

/// <summary>A field of a message: its type, where it stands in the versions, and its default.</summary>
internal sealed record Field(
    string Name, string Type, bool IsArray, Versions Versions, Versions? Nullable, string? Default, int? Tag)
{
    /// <summary>The structure's own fields where <see cref="Type"/> names a structure declared here.</summary>
    public List<Field> Children { get; } = [];

    public bool IsStruct => char.IsUpper(Type[0]);

    /// <summary>Whether it becomes the enumeration of Kafka's error codes.</summary>
    public bool IsErrorCode => Type == "int16" && Name.EndsWith("ErrorCode", StringComparison.Ordinal);

    /// <summary>Whether it is a text for people that may repeat what a client sent.</summary>
    public bool IsErrorMessage =>
        Type == "string" && (Name.EndsWith("ErrorMessage", StringComparison.Ordinal) || Name == "StatusDetail");
}

/// <summary>A structure with a name: a request, a response, a record, or a part of one.</summary>
internal sealed record Struct(string Name, List<Field> Fields);

/// <summary>One message in all its versions, with the structures that it alone uses.</summary>
internal sealed record Message(string Name, Versions Versions, int? FirstFlexible)
{
    /// <summary>The newest version that is finished; those above have a form but are not spoken.</summary>
    public int NewestStable { get; init; } = Versions.High;

    public List<Field> Fields { get; } = [];

    public List<Struct> SharedStructs { get; } = [];

    /// <summary>Every structure of the message, each once, in the order of first mention.</summary>
    public IEnumerable<Struct> Structs()
    {
        foreach (var shared in SharedStructs)
            yield return shared;
        foreach (var nested in Nested(Fields))
            yield return nested;
    }

    private static IEnumerable<Struct> Nested(List<Field> fields)
    {
        foreach (var field in fields.Where(field => field.Children.Count > 0))
        {
            yield return new Struct(field.Type, field.Children);
            foreach (var inner in Nested(field.Children))
                yield return inner;
        }
    }
}

/// <summary>A specification file: an API with its request and response, or one log record.</summary>
internal sealed record Spec(string Name, string Summary, int? ApiKey, List<Message> Messages)
{
    /// <summary>Whether instances are used again and again, with all that they consist of.</summary>
    public bool IsRecycled { get; init; }
}
