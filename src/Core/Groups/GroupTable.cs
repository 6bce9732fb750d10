using Millrace.Core.Controller;
using Millrace.Core.Model;

namespace Millrace.Core.Groups;

/// <summary>
/// The groups of one shard, of all kinds, by their ids; when each is to be looked at; and what they know of the
/// cluster. Owned by a <see cref="GroupCoordinator"/>, shared by the parts of it that serve the kinds.
/// </summary>
/// <remarks>
/// <para>1. An id is that of one group, of one kind. 2. A draft is a group whose records are being appended: what is
/// not in the records (deadlines, requests that wait) is on it, and the replay of the records makes it the group. If
/// the append fails, the whole table is dropped.</para>
/// </remarks>
internal sealed class GroupTable
{
    private readonly Dictionary<string, Group> _groups = [];
    private readonly Dictionary<string, Group> _drafts = [];
    private readonly PriorityQueue<Group, Instant> _deadlines = new();

    /// <summary>Topics and settings as they were published last.</summary>
    public ClusterImage Image { get; set; } = ClusterImage.Empty;

    public int Count => _groups.Count;

    public IEnumerable<string> Ids => _groups.Keys;

    public IEnumerable<Group> Groups => _groups.Values;

    public Group? Find(string groupId) => _groups.GetValueOrDefault(groupId);

    /// <summary>The group, if it is one of this kind.</summary>
    public T? Find<T>(string groupId)
        where T : Group => _groups.GetValueOrDefault(groupId) as T;

    public void Add(Group group) => _groups.Add(group.GroupId, group);

    public bool Remove(string groupId) => _groups.Remove(groupId);

    /// <summary>Keeps a group until its first record is replayed, which is in this call.</summary>
    public void Draft(Group group) => _drafts[group.GroupId] = group;

    /// <summary>The call that wanted a draft was refused after all.</summary>
    public void DropDraft(string groupId) => _drafts.Remove(groupId);

    /// <summary>
    /// The group for a record of its kind: the one that is there, or else the draft or a new one, in the place of a
    /// group of another kind if there is one.
    /// </summary>
    public T GetOrAdd<T>(string groupId, Func<string, T> create)
        where T : Group
    {
        if (_groups.GetValueOrDefault(groupId) is T present)
            return present;
        if (TryAddDraft<T>(groupId))
            return (T)_groups[groupId];
        var group = create(groupId);
        _groups[groupId] = group;
        return group;
    }

    /// <summary>Makes the draft of this kind the group, if there is one.</summary>
    public bool TryAddDraft<T>(string groupId)
        where T : Group
    {
        if (_drafts.GetValueOrDefault(groupId) is not T draft)
            return false;
        _drafts.Remove(groupId);
        _groups[groupId] = draft;
        return true;
    }

    /// <summary>Sees to it that the group is due by then.</summary>
    public void Arm(Group group, Instant deadline)
    {
        if (deadline >= group.ArmedAt)
            return;
        group.ArmedAt = deadline;
        _deadlines.Enqueue(group, deadline);
    }

    /// <summary>The next group that is due, which is not armed any more then.</summary>
    public bool TryTakeDue(Instant now, out Group due)
    {
        while (_deadlines.TryPeek(out var group, out var deadline) && deadline <= now)
        {
            _deadlines.Dequeue();
            if (deadline != group.ArmedAt)
                continue;
            group.ArmedAt = Instant.Never;
            if (Find(group.GroupId) != group)
                continue;
            due = group;
            return true;
        }

        due = null!;
        return false;
    }

    /// <summary>When the next group is due.</summary>
    public Instant NextDeadline => _deadlines.TryPeek(out _, out var deadline) ? deadline : Instant.Never;
}
