using System.Collections;
using System.Collections.Concurrent;
using System.Reflection;
using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Fuzz;

/// <summary>A field of a generated message: its name, its type, whether it may be null.</summary>
internal sealed record Field(PropertyInfo Property, bool IsNullable)
{
    public string Name => Property.Name;

    /// <summary>Without the question mark.</summary>
    public Type Type { get; } = Nullable.GetUnderlyingType(Property.PropertyType) ?? Property.PropertyType;

    public Type? ElementType =>
        typeof(IList).IsAssignableFrom(Type) && Type.IsGenericType ? Type.GetGenericArguments()[0] : null;
}

/// <summary>The fields of the generated messages, by reflection.</summary>
internal static class Shape
{
    private static readonly ConcurrentDictionary<Type, Field[]> Known = new();

    public static Field[] Fields(Type message) => Known.GetOrAdd(message, type =>
    {
        var nullability = new NullabilityInfoContext();
        return [.. type.GetProperties().Where(property => property.CanWrite).Select(property =>
            new Field(property, nullability.Create(property).WriteState == NullabilityState.Nullable))];
    });

    /// <summary>The error codes in a response, wherever they stand, each once, without None.</summary>
    public static SortedSet<ErrorCode> Errors(IMessage response)
    {
        var errors = new SortedSet<ErrorCode>();
        Collect(response, errors);
        return errors;
    }

    private static void Collect(IMessage message, SortedSet<ErrorCode> errors)
    {
        foreach (var field in Fields(message.GetType()))
        {
            switch (field.Property.GetValue(message))
            {
                case ErrorCode error when error != ErrorCode.None:
                    errors.Add(error);
                    break;
                case IMessage inner:
                    Collect(inner, errors);
                    break;
                case IList list:
                    foreach (var element in list.OfType<IMessage>())
                        Collect(element, errors);
                    break;
            }
        }
    }

    public static bool IsMessage(Type type) => typeof(IMessage).IsAssignableFrom(type);
}
