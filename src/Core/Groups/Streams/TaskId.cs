namespace Millrace.Core.Groups.Streams;

/// <summary>A task of an application: one subtopology on one partition of each of its sources.</summary>
internal readonly record struct TaskId(string SubtopologyId, int Partition) : IComparable<TaskId>
{
    public int CompareTo(TaskId other)
    {
        var order = string.CompareOrdinal(SubtopologyId, other.SubtopologyId);
        return order != 0 ? order : Partition.CompareTo(other.Partition);
    }
}
