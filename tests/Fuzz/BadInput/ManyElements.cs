using System.Collections;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Fuzz.BadInput;

/// <summary>Requests with one array of very many elements, all others of the way to it having one.</summary>
internal static class ManyElements
{
    /// <summary>One for each array of the API's request, also arrays in arrays.</summary>
    public static IEnumerable<(string Path, IMessage Request)> Of(ApiKey key, int count, bool areAlike) =>
        Of(Requests.RequestType(key), count, areAlike);

    private static IEnumerable<(string Path, IMessage Request)> Of(Type type, int count, bool areAlike)
    {
        foreach (var field in Shape.Fields(type))
        {
            if (field.ElementType is { } element)
            {
                yield return (field.Name, Message(type, field, Many(field.Type, element, count, areAlike)));
                if (!Shape.IsMessage(element))
                    continue;
                foreach (var (path, inner) in Of(element, count, areAlike))
                    yield return ($"{field.Name}.{path}", Message(type, field, ListOf(field.Type, inner)));
            }
            else if (Shape.IsMessage(field.Type))
            {
                foreach (var (path, inner) in Of(field.Type, count, areAlike))
                    yield return ($"{field.Name}.{path}", Message(type, field, inner));
            }
        }
    }

    private static IMessage Message(Type type, Field field, object value)
    {
        var message = (IMessage)One(type, 0);
        field.Property.SetValue(message, value);
        return message;
    }

    private static IList ListOf(Type list, object element)
    {
        var made = (IList)Activator.CreateInstance(list)!;
        made.Add(element);
        return made;
    }

    private static IList Many(Type list, Type element, int count, bool areAlike)
    {
        var made = (IList)Activator.CreateInstance(list)!;
        var one = One(element, 0);
        for (var i = 0; i < count; i++)
            made.Add(areAlike ? one : One(element, i));
        return made;
    }

    /// <summary>Different in all that is a name or a number.</summary>
    private static object One(Type type, int index)
    {
        if (type == typeof(string))
            return index == 0 ? "" : index.ToString("x");
        if (type == typeof(int))
            return index;
        if (type == typeof(long))
            return (long)index;
        var one = Activator.CreateInstance(type)!;
        if (index == 0 || !Shape.IsMessage(type))
            return one;
        foreach (var field in Shape.Fields(type))
        {
            if (field.Type == typeof(string) || field.Type == typeof(int) || field.Type == typeof(long))
                field.Property.SetValue(one, One(field.Type, index));
        }

        return one;
    }
}
