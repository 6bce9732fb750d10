namespace Millrace.Broker.Cluster;

/// <summary>
/// Gives out producer ids from blocks that the controller allots. 1. No id is given out twice, even over a crash:
/// what is left of a block is then skipped.
/// </summary>
internal sealed class ProducerIds(ControllerShard controller)
{
    private readonly Lock _lock = new();
    private long _next;
    private long _end;

    /// <summary>
    /// Calls <paramref name="use"/> with a new id: at once, or when the controller has allotted more; with -1 where it
    /// can't.
    /// </summary>
    public void Next(Action<long> use)
    {
        long id;
        lock (_lock)
        {
            id = _next < _end ? _next++ : -1;
        }

        if (id >= 0)
            use(id);
        else
            controller.AllocateProducerIds((first, count) => use(count == 0 ? -1 : Take(first, count)));
    }

    private long Take(long first, int count)
    {
        lock (_lock)
        {
            if (_next >= _end)
                (_next, _end) = (first + 1, first + count);
        }

        return first;
    }
}
