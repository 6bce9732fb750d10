namespace Millrace.Protocol.Wire;

/// <summary>Something that is used again and again, so that the hot path leaves no garbage.</summary>
public interface IRecyclable
{
    /// <summary>Becomes as new; what it consists of is recycled.</summary>
    void Clear();

    /// <summary>Clears this and gives it to who wants one next on this thread. Nobody may hold it any more.</summary>
    void Recycle();
}

/// <summary>
/// Cleared instances of one type. Each thread has its own, so many and no more: what is given beyond is left to the
/// garbage collector, as is what nobody gives.
/// </summary>
public static class Recycled<T>
    where T : class, IRecyclable, new()
{
    private const int MostKept = 1024;

    [ThreadStatic]
    private static Stack<T>? _kept;

    public static T Take() => _kept is not null && _kept.TryPop(out var kept) ? kept : new T();

    /// <summary>Takes an instance that is clear.</summary>
    public static void Give(T cleared)
    {
        _kept ??= new Stack<T>();
        if (_kept.Count < MostKept)
            _kept.Push(cleared);
    }
}

/// <summary>The lists in what is recycled: they keep their memory unless it is much.</summary>
public static class RecycledList
{
    private const int MostKeptElements = 256;
    private const int MostKeptLists = 256;

    /// <summary>An empty list that <paramref name="count"/> elements are about to go into.</summary>
    public static List<T> For<T>(List<T>? list, int count) =>
        list is { Count: 0 } ? list : new List<T>(Math.Min(count, WireReader.PreallocatedElements));

    /// <summary>The list without its elements, which are recycled. Where there is none, one that was given.</summary>
    public static List<T> Emptied<T>(List<T>? list)
        where T : class, IRecyclable
    {
        if (list is null)
            return Given<T>.Lists is { } given && given.TryPop(out var one) ? one : [];
        foreach (var element in list)
            element.Recycle();
        return EmptiedValues(list);
    }

    /// <summary>The list without its elements.</summary>
    public static List<T> EmptiedValues<T>(List<T>? list)
    {
        if (list is null || list.Capacity > MostKeptElements)
            return [];
        list.Clear();
        return list;
    }

    /// <summary>Takes an empty list from where null is to be; gives null.</summary>
    public static List<T>? Give<T>(List<T>? empty)
    {
        var given = Given<T>.Lists ??= new Stack<List<T>>();
        if (empty is { Count: 0 } && given.Count < MostKeptLists)
            given.Push(empty);
        return null;
    }

    private static class Given<T>
    {
        [ThreadStatic]
        public static Stack<List<T>>? Lists;
    }
}
