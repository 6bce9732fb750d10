using System.Collections.Immutable;

namespace Millrace.Core.Groups.Streams;

/// <summary>A member as an assignor sees it: where it runs, what it has, and how far its state goes.</summary>
internal sealed record AssignedStreamsMember(
    string MemberId, string ProcessId, HeldTasks Tasks, IReadOnlyDictionary<TaskId, long> Offsets);

/// <summary>Decides who is to run which tasks (KIP-1071). The same question gets the same answer.</summary>
internal interface ITaskAssignor
{
    /// <summary>The name by which groups ask for it.</summary>
    string Name { get; }

    /// <summary>What each member is to have, by its id.</summary>
    /// <param name="members">All of them, by their ids in ordinal order.</param>
    /// <param name="subtopologies">By their ids.</param>
    /// <param name="standbyReplicas">Standby tasks that each task with state is to have.</param>
    Dictionary<string, StreamsTasks> Assign(
        IReadOnlyList<AssignedStreamsMember> members,
        ImmutableSortedDictionary<string, ConfiguredSubtopology> subtopologies, int standbyReplicas);
}
