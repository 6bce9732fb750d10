using System.Collections.Immutable;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Core.Groups.Streams;

/// <summary>A subtopology on the topics that exist: its number of tasks, its topics with their partitions.</summary>
internal sealed record ConfiguredSubtopology(int Tasks, StreamsGroupTopologyValue.Subtopology Topics)
{
    public bool IsStateful => Topics.StateChangelogTopics.Count > 0;
}

/// <summary>What a topology comes to with the topics as they are. Immutable.</summary>
/// <param name="Epoch">The topology's.</param>
/// <param name="Subtopologies">By their ids; empty where the sources do not let it be told.</param>
internal sealed record ConfiguredTopology(
    int Epoch, ImmutableSortedDictionary<string, ConfiguredSubtopology> Subtopologies)
{
    /// <summary>Set when there can't be tasks yet.</summary>
    public StreamsStatus? Problem { get; init; }

    /// <summary>The problem in words, or why the topology can't be any application's.</summary>
    public string Detail { get; init; } = "";

    /// <summary>Set when the topology can't be any application's.</summary>
    public ErrorCode Refusal { get; init; }

    /// <summary>Internal topics that are to be created.</summary>
    public IReadOnlyList<CreateTopicsRequest.CreatableTopic> MissingTopics { get; init; } = [];

    public bool IsReady => Problem is null && Refusal == ErrorCode.None;

    public bool HasTask(TaskId task) =>
        Subtopologies.TryGetValue(task.SubtopologyId, out var subtopology)
        && task.Partition >= 0 && task.Partition < subtopology.Tasks;
}
